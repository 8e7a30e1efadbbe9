; What a loader looks for in the file: the multiboot2 header (GRUB) and the PVH note (QEMU's -kernel, the fast door for
; tests). Multiboot2 Specification 2.0, "The layout of Multiboot2 header"; Xen's "x86/HVM direct boot ABI".

extern enter_multiboot2, enter_pvh

MULTIBOOT2_HEADER   equ 0xe85250d6
ARCHITECTURE_I386   equ 0
TAG_END             equ 0
TAG_MODULE_ALIGN    equ 6
NOTE_PHYS32_ENTRY   equ 18

section .boot.header progbits alloc noexec nowrite align=8
header:
    dd MULTIBOOT2_HEADER, ARCHITECTURE_I386, header_end - header
    dd 0x100000000 - (MULTIBOOT2_HEADER + ARCHITECTURE_I386 + (header_end - header))

    dw TAG_MODULE_ALIGN, 0                  ; modules start on a page boundary
    dd 8

    dw TAG_END, 0
    dd 8
header_end:

section .note.pvh note alloc noexec nowrite align=4
    dd 4, 4, NOTE_PHYS32_ENTRY              ; name size, descriptor size, type
    db "Xen", 0
    dd enter_pvh

section .note.GNU-stack noalloc noexec nowrite progbits
