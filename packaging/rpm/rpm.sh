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
rpm -qp --requires "$top"/RPMS/*/kiln-"$version"-*.rpm | grep -q '^libkiln\.so\.3' || { echo "rpm: kiln needs no libkiln.so.3" >&2; exit 1; }
rpm -qp --provides "$top"/RPMS/*/kiln-libs-*.rpm | grep -q '^libkiln\.so\.3' || { echo "rpm: no package has libkiln.so.3" >&2; exit 1; }
"$top/root/usr/bin/kiln" --version
libraries=$(dirname "$(find "$top/root" -name libkiln.so)")
gcc -I"$top/root/usr/include" examples/embed/square.c -L"$libraries" -lkiln -o "$top/square"
[[ $(LD_LIBRARY_PATH=$libraries "$top/square") == 144 ]] || { echo "rpm: a program with libkiln.so does not print 144" >&2; exit 1; }
printf '%s\n' "${rpms[@]}"
