; The first instructions of the kernel proper: a stack, and kernelMain in TypeScript. (Not in boot/entry.asm: NASM's
; debug information has room for one section of code a file.)

%include "frames.inc"

extern kernelMain, stack_top
global higher_half

section .text progbits alloc exec nowrite align=16
CFI_BEGIN outermost_rules
higher_half:                                ; EDI = magic, ESI = boot information
    mov rsp, stack_top
    xor ebp, ebp                            ; a backtrace ends here
    mov edi, edi                            ; kernelMain(magic, boot information); upper halves cleared
    mov esi, esi
    call kernelMain
.stop:
    cli
    hlt
    jmp .stop
CFI_END

section .note.GNU-stack noalloc noexec nowrite progbits
