#!/usr/bin/env bash
# rpm: makes build/rpm/RPMS/*/*.rpm from the files that git tracks, or would add, by packaging/rpm/kiln.spec; installs them in
# an empty folder; checks that RPM knows what they need; compiles and runs a program with their headers and library. On
# Debian, whose packages RPM does not know, what building takes has to be there already.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
version=$(sed -nE 's/^Version: *//p' packaging/rpm/kiln.spec)
top=$PWD/build/rpm
rm -rf "$top"
mkdir -p "$top/SOURCES" "$top/root"
git ls-files -z --cached --others --exclude-standard |
  tar -cz --null -T - --transform "s,^,kiln-$version/,S" -f "$top/SOURCES/kiln-$version.tar.gz"
rpmbuild -bb --nodeps --define "_topdir $top" packaging/rpm/kiln.spec >&2
rpms=("$top"/RPMS/*/*.rpm)

rpm --root "$top/root" --nodeps --noscripts --nosignature -i "${rpms[@]}"
# says PACKAGE WHAT TEXT: whether RPM knows of a package that it requires or provides that.
says() { rpm -qp "--$2" "$top"/RPMS/*/"$1-$version"-*.rpm | grep "^$3" > /dev/null || { echo "rpm: $1 $2 no $3" >&2; exit 1; }; }
says kiln requires 'libc\.so\.6'
says kiln-libs provides 'libkiln\.so\.3'
says kiln-devel provides 'pkgconfig(kiln)'
says kiln-devel requires 'kiln-libs = '
"$top/root/usr/bin/kiln" --version
libraries=$(dirname "$(find "$top/root" -name libkiln.so)")
gcc -I"$top/root/usr/include" examples/embed/square.c -L"$libraries" -lkiln -o "$top/square"
[[ $(LD_LIBRARY_PATH=$libraries "$top/square") == 144 ]] || { echo "rpm: a program with libkiln.so does not print 144" >&2; exit 1; }
printf '%s\n' "${rpms[@]}"
