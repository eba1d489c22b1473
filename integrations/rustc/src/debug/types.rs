//! Debug information of types.

use std::borrow::Cow;

use rustc_abi::{FieldIdx, TagEncoding, VariantIdx, Variants};
use rustc_codegen_ssa::debuginfo::type_names::{self, VTableNameKind};
use rustc_codegen_ssa::debuginfo::{tag_base_type, wants_c_like_enum_debuginfo};
use rustc_hir::def::CtorKind;
use rustc_hir::def_id::DefId;
use rustc_middle::ty::layout::{HasTypingEnv, LayoutOf, TyAndLayout};
use rustc_middle::ty::{self, AdtDef, CoroutineArgsExt, ExistentialTraitRef, Ty, TyCtxt};
use rustc_target::callconv::FnAbi;

use super::{Debug, NONE};
use crate::context::Context;
use crate::show;
use crate::sys::*;

/// A member of a structure, before its type has an entry.
struct Member<'a, 'tcx> {
    name: Cow<'a, str>,
    ty: Ty<'tcx>,
    offset: u64,
}

/// A variant of an enumeration or a coroutine.
struct Variant<'a, 'tcx> {
    index: VariantIdx,
    /// Of its structure, and of the member that is of this type.
    name: Cow<'a, str>,
    member_name: Cow<'a, str>,
    members: Vec<Member<'a, 'tcx>>,
}

/// The name of a field that has a number only.
fn numbered<'a>(index: usize) -> Cow<'a, str> {
    format!("__{index}").into()
}

impl<'tcx> Context<'tcx> {
    /// The entry of a type.
    pub fn type_die(&self, debug: &Debug<'tcx>, ty: Ty<'tcx>) -> kiln_die {
        if let Some(&known) = debug.types.borrow().get(&ty) {
            return known;
        }
        let die = self.make_type(debug, ty);
        debug.types.borrow_mut().insert(ty, die);
        die
    }

    fn make_type(&self, debug: &Debug<'tcx>, ty: Ty<'tcx>) -> kiln_die {
        let tcx = self.tcx;
        match *ty.kind() {
            ty::Never => self.base_type(debug, ty, KILN_DW_ATE_unsigned),
            ty::Bool => self.base_type(debug, ty, KILN_DW_ATE_boolean),
            ty::Char => self.base_type(debug, ty, KILN_DW_ATE_UTF),
            ty::Int(_) => self.base_type(debug, ty, KILN_DW_ATE_signed),
            ty::Uint(_) => self.base_type(debug, ty, KILN_DW_ATE_unsigned),
            ty::Float(_) => self.base_type(debug, ty, KILN_DW_ATE_float),
            ty::Tuple(tys) if tys.is_empty() => self.base_type(debug, ty, KILN_DW_ATE_unsigned),
            ty::Tuple(_) => {
                let layout = self.layout_of(ty);
                let members = self.members(layout, numbered);
                self.structure(debug, layout, NONE, &self.full_name(ty), members)
            }
            ty::Array(element, _) => {
                let layout = self.layout_of(ty);
                self.array(debug, element, Some(layout.fields.count() as u64))
            }
            ty::Slice(element) => self.array(debug, element, None),
            ty::Str => self.array(debug, tcx.types.u8, None),
            ty::RawPtr(to, _) | ty::Ref(_, to, _) => self.pointer(debug, ty, to),
            ty::Adt(def, args)
                if def.is_box() && args.get(1).is_none_or(|arg| self.layout_of(arg.expect_ty()).is_1zst()) =>
            {
                self.pointer(debug, ty, ty.expect_boxed_ty())
            }
            ty::FnDef(..) | ty::FnPtr(..) => self.function_pointer(debug, ty),
            ty::Closure(id, _) | ty::CoroutineClosure(id, _) => {
                let scope = self.parent_namespace(debug, id);
                let names = tcx.closure_saved_names_of_captured_variables(id);
                let layout = self.layout_of(ty);
                let members = self.members(layout, |i| names[FieldIdx::from_usize(i)].as_str().to_string().into());
                self.structure(debug, layout, scope, &self.own_name(ty), members)
            }
            ty::Coroutine(id, _) => self.coroutine(debug, ty, id),
            ty::Adt(def, _) if def.is_enum() => self.enumeration(debug, ty, def),
            ty::Adt(def, args) => {
                let scope = self.parent_namespace(debug, def.did());
                let layout = self.layout_of(ty);
                let fields = &def.non_enum_variant().fields;
                let is_tuple = def.non_enum_variant().ctor_kind() == Some(CtorKind::Fn);
                let members = self.members(layout, |i| match is_tuple {
                    true => numbered(i),
                    false => fields[FieldIdx::from_usize(i)].name.as_str().to_string().into(),
                });
                self.structure_of(debug, layout, scope, &self.own_name(ty), members, Some((def.did(), args)))
            }
            ty::Pat(base, _) => self.type_die(debug, base),
            ty::Dynamic(..) | ty::Foreign(_) | ty::UnsafeBinder(_) => {
                debug.begin(KILN_DW_TAG_structure_type, NONE, &self.full_name(ty))
            }
            _ => self.fatal(&format!("debug information of type {ty:?}")),
        }
    }

    fn full_name(&self, ty: Ty<'tcx>) -> String {
        type_names::compute_debuginfo_type_name(self.tcx, ty, true)
    }

    /// The name within the namespace that the type is in.
    fn own_name(&self, ty: Ty<'tcx>) -> String {
        type_names::compute_debuginfo_type_name(self.tcx, ty, false)
    }

    fn base_type(&self, debug: &Debug<'tcx>, ty: Ty<'tcx>, encoding: u32) -> kiln_die {
        let die = debug.begin(KILN_DW_TAG_base_type, NONE, &self.own_name(ty));
        debug.set_uint(KILN_DW_AT_encoding, encoding.into());
        debug.set_uint(KILN_DW_AT_byte_size, self.layout_of(ty).size.bytes());
        die
    }

    fn array(&self, debug: &Debug<'tcx>, element: Ty<'tcx>, count: Option<u64>) -> kiln_die {
        let element = self.type_die(debug, element);
        match count {
            // SAFETY: the set lives as long as the module.
            Some(count) => unsafe { kiln_die_new_array_type(debug.set, element, NONE, count) },
            None => {
                let (die, list) = debug.begin_with_list(KILN_DW_TAG_array_type, NONE, "");
                debug.set_ref(KILN_DW_AT_type, element);
                let range = debug.begin(KILN_DW_TAG_subrange_type, NONE, "");
                debug.begin_list(list);
                debug.append(range);
                die
            }
        }
    }

    fn named_pointer(&self, debug: &Debug<'tcx>, name: &str, to: kiln_die) -> kiln_die {
        let die = debug.begin(KILN_DW_TAG_pointer_type, NONE, name);
        debug.set_ref(KILN_DW_AT_type, to);
        die
    }

    /// A pointer whose name debuggers are to know if values are shown: they forget that of a pointer, not of a typedef.
    fn shown_pointer(&self, debug: &Debug<'tcx>, name: &str, to: kiln_die) -> kiln_die {
        let pointer = self.named_pointer(debug, name, to);
        if !show::is_wanted(self.tcx) {
            return pointer;
        }
        let die = debug.begin(KILN_DW_TAG_typedef, NONE, name);
        debug.set_ref(KILN_DW_AT_type, pointer);
        die
    }

    fn pointer(&self, debug: &Debug<'tcx>, ty: Ty<'tcx>, to: Ty<'tcx>) -> kiln_die {
        let name = self.full_name(ty);
        let target = match *to.kind() {
            ty::Slice(element) => element,
            ty::Str => self.tcx.types.u8,
            _ => to,
        };
        let target = self.type_die(debug, target);
        // A type that refers to itself has made it in the meantime.
        if let Some(&known) = debug.types.borrow().get(&ty) {
            return known;
        }
        let raw = self.layout_of(Ty::new_mut_ptr(self.tcx, to));
        if raw.size == self.tcx.data_layout.pointer_size() {
            return self.shown_pointer(debug, &name, target);
        }
        let tail = self.tcx.struct_tail_for_codegen(to, self.typing_env());
        let (first, second, second_type) = match tail.kind() {
            ty::Slice(_) | ty::Str => ("data_ptr", "length", self.tcx.types.usize),
            _ => ("pointer", "vtable", raw.field(self, 1).ty),
        };
        let (die, list) = debug.begin_with_list(KILN_DW_TAG_structure_type, NONE, &name);
        debug.set_uint(KILN_DW_AT_byte_size, raw.size.bytes());
        debug.set_uint(KILN_DW_AT_alignment, raw.align.abi.bytes());
        debug.types.borrow_mut().insert(ty, die);
        let data = self.named_pointer(debug, "", target);
        let second_type = self.type_die(debug, second_type);
        debug.begin_list(list);
        self.append_member(debug, die, first, data, 0);
        self.append_member(debug, die, second, second_type, raw.fields.offset(1).bytes());
        die
    }

    fn function_pointer(&self, debug: &Debug<'tcx>, ty: Ty<'tcx>) -> kiln_die {
        // It may refer to itself by way of `impl Trait`: then it is a pointer to anything.
        let marker = self.named_pointer(debug, "<recur_type>", NONE);
        debug.types.borrow_mut().insert(ty, marker);
        let sig = self.tcx.normalize_erasing_late_bound_regions(self.typing_env(), ty.fn_sig(self.tcx));
        let result = if sig.output().is_unit() { NONE } else { self.type_die(debug, sig.output()) };
        let params: Vec<_> = sig.inputs().iter().map(|&ty| self.type_die(debug, ty)).collect();
        // SAFETY: the set lives as long as the module; parameters are copied.
        let function = unsafe { kiln_die_new_function_type(debug.set, result, params.as_ptr(), params.len() as u32) };
        self.shown_pointer(debug, &self.own_name(ty), function)
    }

    /// The type of a function, by how it is called.
    pub fn function_type(&self, debug: &Debug<'tcx>, abi: &FnAbi<'tcx, Ty<'tcx>>) -> kiln_die {
        let result = if abi.ret.is_ignore() { NONE } else { self.type_die(debug, abi.ret.layout.ty) };
        let params: Vec<_> = abi.args.iter().map(|arg| self.type_die(debug, arg.layout.ty)).collect();
        // SAFETY: the set lives as long as the module; parameters are copied.
        unsafe { kiln_die_new_function_type(debug.set, result, params.as_ptr(), params.len() as u32) }
    }

    fn members<'a>(&self, layout: TyAndLayout<'tcx>, name: impl Fn(usize) -> Cow<'a, str>) -> Vec<Member<'a, 'tcx>> {
        let member =
            |i| Member { name: name(i), ty: layout.field(self, i).ty, offset: layout.fields.offset(i).bytes() };
        (0..layout.fields.count()).map(member).collect()
    }

    fn append_member(&self, debug: &Debug<'tcx>, of: kiln_die, name: &str, ty: kiln_die, offset: u64) -> kiln_die {
        let member = debug.begin(KILN_DW_TAG_member, of, name);
        debug.append(member);
        debug.set_ref(KILN_DW_AT_type, ty);
        debug.set_uint(KILN_DW_AT_data_member_location, offset);
        member
    }

    fn structure(
        &self,
        debug: &Debug<'tcx>,
        layout: TyAndLayout<'tcx>,
        scope: kiln_die,
        name: &str,
        members: Vec<Member<'_, 'tcx>>,
    ) -> kiln_die {
        self.structure_of(debug, layout, scope, name, members, None)
    }

    /// A structure or union, which is in the table before its members' types are made.
    fn structure_of(
        &self,
        debug: &Debug<'tcx>,
        layout: TyAndLayout<'tcx>,
        scope: kiln_die,
        name: &str,
        members: Vec<Member<'_, 'tcx>>,
        generics: Option<(DefId, ty::GenericArgsRef<'tcx>)>,
    ) -> kiln_die {
        let tag = if layout.ty.is_union() { KILN_DW_TAG_union_type } else { KILN_DW_TAG_structure_type };
        let (die, list) = debug.begin_with_list(tag, scope, name);
        debug.set_uint(KILN_DW_AT_byte_size, layout.size.bytes());
        debug.set_uint(KILN_DW_AT_alignment, layout.align.abi.bytes());
        debug.types.borrow_mut().insert(layout.ty, die);
        self.fill(debug, die, list, &members, generics);
        die
    }

    /// Gives a structure its members and the types that it is an instance for.
    fn fill(
        &self,
        debug: &Debug<'tcx>,
        die: kiln_die,
        list: kiln_die,
        members: &[Member<'_, 'tcx>],
        generics: Option<(DefId, ty::GenericArgsRef<'tcx>)>,
    ) {
        let types: Vec<_> = members.iter().map(|member| self.type_die(debug, member.ty)).collect();
        let templates = generics.map_or_else(Vec::new, |(of, args)| self.template_params(debug, of, args));
        debug.begin_list(list);
        for (member, &ty) in members.iter().zip(&types) {
            self.append_member(debug, die, &member.name, ty, member.offset);
        }
        templates.iter().for_each(|&param| debug.append(param));
    }

    // Enumerations and coroutines.

    fn enumeration(&self, debug: &Debug<'tcx>, ty: Ty<'tcx>, def: AdtDef<'tcx>) -> kiln_die {
        let layout = self.layout_of(ty);
        let scope = self.parent_namespace(debug, def.did());
        if wants_c_like_enum_debuginfo(self.tcx, layout) {
            return self.plain_enumeration(debug, layout, def, scope);
        }
        let variants = def.variants().iter_enumerated().map(|(index, variant)| {
            let of_variant = layout.for_variant(self, index);
            let is_tuple = variant.ctor_kind() == Some(CtorKind::Fn);
            let members = self.members(of_variant, |i| match is_tuple {
                true => numbered(i),
                false => variant.fields[FieldIdx::from_usize(i)].name.as_str().into(),
            });
            let name: Cow<'_, str> = variant.name.as_str().into();
            Variant { index, member_name: name.clone(), name, members }
        });
        let variants: Vec<_> = variants.collect();
        self.variants(debug, layout, scope, variants)
    }

    fn plain_enumeration(
        &self,
        debug: &Debug<'tcx>,
        layout: TyAndLayout<'tcx>,
        def: AdtDef<'tcx>,
        scope: kiln_die,
    ) -> kiln_die {
        let base = tag_base_type(self.tcx, layout);
        let base_die = self.type_die(debug, base);
        let bits = self.layout_of(base).size.bits();
        let items: Vec<_> = def
            .discriminants(self.tcx)
            .map(|(index, discr)| {
                let name = super::c_string(def.variant(index).name.as_str());
                let signed = base.is_signed();
                let value = if signed { crate::values::sign_extended(discr.val, bits as u32) } else { discr.val };
                (name, value as i64)
            })
            .collect();
        let enumerators: Vec<_> =
            items.iter().map(|(name, value)| kiln_die_enumerator { name: name.as_ptr(), value: *value }).collect();
        let name = super::c_string(&self.own_name(layout.ty));
        // SAFETY: the set lives as long as the module; everything is copied.
        let die = unsafe {
            kiln_die_new_enum(
                debug.set,
                scope,
                name.as_ptr(),
                base_die,
                layout.size.bytes(),
                enumerators.as_ptr(),
                enumerators.len() as u32,
            )
        };
        debug.set_flag(KILN_DW_AT_enum_class);
        die
    }

    fn coroutine(&self, debug: &Debug<'tcx>, ty: Ty<'tcx>, id: DefId) -> kiln_die {
        let layout = self.layout_of(ty);
        let scope = self.parent_namespace(debug, id);
        let &ty::Coroutine(_, args) = ty.kind() else { unreachable!("a coroutine") };
        let states = self.tcx.coroutine_layout(id, args).expect("a coroutine has a layout");
        let Variants::Multiple { variants, .. } = &layout.variants else { unreachable!("coroutines have states") };
        let shared: Vec<_> = args
            .as_coroutine()
            .upvar_tys()
            .iter()
            .zip(self.tcx.closure_saved_names_of_captured_variables(id))
            .enumerate()
            .collect();
        let variants = variants.indices().map(|index| {
            let of_state = layout.for_variant(self, index);
            let mut members = self.members(of_state, |i| {
                let saved = states.variant_fields[index][FieldIdx::from_usize(i)];
                let name = states.field_tys[saved].debuginfo_name;
                name.map_or_else(|| numbered(i), |name| name.as_str().to_string().into())
            });
            members.extend(shared.iter().map(|&(i, (ty, name))| Member {
                name: name.as_str().to_string().into(),
                ty,
                offset: layout.fields.offset(i).bytes(),
            }));
            Variant {
                index,
                name: ty::CoroutineArgs::variant_name(index),
                member_name: index.as_usize().to_string().into(),
                members,
            }
        });
        let variants: Vec<_> = variants.collect();
        self.variants(debug, layout, scope, variants)
    }

    /// A structure with a variant part.
    fn variants(
        &self,
        debug: &Debug<'tcx>,
        layout: TyAndLayout<'tcx>,
        scope: kiln_die,
        variants: Vec<Variant<'_, 'tcx>>,
    ) -> kiln_die {
        let (die, list) = debug.begin_with_list(KILN_DW_TAG_structure_type, scope, &self.own_name(layout.ty));
        debug.set_uint(KILN_DW_AT_byte_size, layout.size.bytes());
        debug.set_uint(KILN_DW_AT_alignment, layout.align.abi.bytes());
        debug.types.borrow_mut().insert(layout.ty, die);
        let generics = match *layout.ty.kind() {
            ty::Adt(def, args) => Some((def.did(), args)),
            _ => None,
        };
        let records: Vec<_> = variants
            .iter()
            .map(|variant| {
                let (record, members) = debug.begin_with_list(KILN_DW_TAG_structure_type, die, &variant.name);
                debug.set_uint(KILN_DW_AT_byte_size, layout.size.bytes());
                debug.set_uint(KILN_DW_AT_alignment, layout.align.abi.bytes());
                self.fill(debug, record, members, &variant.members, generics);
                record
            })
            .collect();
        let tag = self.tag_member(debug, layout, die);
        let (part, part_list) = debug.begin_with_list(KILN_DW_TAG_variant_part, die, "");
        debug.set_ref(KILN_DW_AT_discr, tag);
        debug.begin_list(part_list);
        if tag != NONE {
            debug.append(tag);
        }
        for (variant, &record) in variants.iter().zip(&records) {
            self.append_member(debug, part, &variant.member_name, record, 0);
            if let Some(value) = discriminant(self.tcx, layout, variant.index) {
                // SAFETY: the set lives as long as the module.
                unsafe { kiln_die_set_int(debug.set, KILN_DW_AT_discr_value, value as i64) };
            }
        }
        debug.begin_list(list);
        debug.append(part);
        die
    }

    /// The member that says which variant there is; NONE: there is one at most.
    fn tag_member(&self, debug: &Debug<'tcx>, layout: TyAndLayout<'tcx>, of: kiln_die) -> kiln_die {
        let Variants::Multiple { tag_field, .. } = &layout.variants else { return NONE };
        let ty = self.type_die(debug, tag_base_type(self.tcx, layout));
        let name = if layout.ty.is_coroutine() { "__state" } else { "" };
        let member = debug.begin(KILN_DW_TAG_member, of, name);
        debug.set_ref(KILN_DW_AT_type, ty);
        debug.set_uint(KILN_DW_AT_data_member_location, layout.fields.offset(tag_field.as_usize()).bytes());
        debug.set_flag(KILN_DW_AT_artificial);
        member
    }

    /// A vtable as a variable of a type of its own, which says whose it is: gdb finds objects' types by it.
    pub fn describe_vtable(
        &self,
        debug: &Debug<'tcx>,
        ty: Ty<'tcx>,
        of: Option<ExistentialTraitRef<'tcx>>,
        symbol: kiln_symbol,
    ) {
        let tcx = self.tcx;
        let entries = match of {
            Some(of) => tcx.vtable_entries(tcx.erase_and_anonymize_regions(of.with_self_ty(tcx, ty))),
            None => TyCtxt::COMMON_VTABLE_ENTRIES,
        };
        let word = tcx.data_layout.pointer_size().bytes();
        let address = self.type_die(debug, Ty::new_imm_ptr(tcx, tcx.types.unit));
        let number = self.type_die(debug, tcx.types.usize);
        let holder = self.type_die(debug, ty);
        let name = |kind| type_names::compute_debuginfo_vtable_name(tcx, ty, of, kind);

        let (die, list) = debug.begin_with_list(KILN_DW_TAG_structure_type, NONE, &name(VTableNameKind::Type));
        debug.set_uint(KILN_DW_AT_byte_size, word * entries.len() as u64);
        debug.set_uint(KILN_DW_AT_alignment, word);
        debug.set_ref(KILN_DW_AT_containing_type, holder);
        debug.set_flag(KILN_DW_AT_artificial);
        debug.begin_list(list);
        for (i, entry) in entries.iter().enumerate() {
            let (name, ty): (Cow<'_, str>, _) = match entry {
                ty::VtblEntry::MetadataDropInPlace => ("drop_in_place".into(), address),
                ty::VtblEntry::MetadataSize => ("size".into(), number),
                ty::VtblEntry::MetadataAlign => ("align".into(), number),
                ty::VtblEntry::Method(_) => (format!("__method{i}").into(), address),
                ty::VtblEntry::TraitVPtr(_) => (format!("__super_trait_ptr{i}").into(), address),
                ty::VtblEntry::Vacant => continue,
            };
            self.append_member(debug, die, &name, ty, word * i as u64);
        }
        let variable = debug.begin(KILN_DW_TAG_variable, NONE, &name(VTableNameKind::GlobalVariable));
        debug.set_ref(KILN_DW_AT_type, die);
        // SAFETY: the set lives as long as the module.
        unsafe {
            kiln_debug_set_global(debug.set, variable, symbol, std::ptr::null(), 0);
            kiln_debug_keep(debug.set, debug.unit, variable);
        }
    }
}

/// What the tag is for a variant; None: there is no tag, or it is any other value.
fn discriminant<'tcx>(tcx: TyCtxt<'tcx>, layout: TyAndLayout<'tcx>, index: VariantIdx) -> Option<u128> {
    match &layout.variants {
        Variants::Multiple { tag_encoding: TagEncoding::Direct, .. } => {
            Some(layout.ty.discriminant_for_variant(tcx, index)?.val)
        }
        Variants::Multiple {
            tag_encoding: TagEncoding::Niche { niche_variants, niche_start, untagged_variant },
            tag,
            ..
        } => {
            if index == *untagged_variant {
                return None;
            }
            let first = niche_variants.start.as_u32();
            let offset = u128::from(index.as_u32()).wrapping_sub(first.into());
            let bits = tag.primitive().size(&tcx.data_layout).bits();
            Some(crate::values::low_bits(offset.wrapping_add(*niche_start), bits as u32))
        }
        _ => None,
    }
}
