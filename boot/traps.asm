; One stub for each of the 256 vectors: makes every trap look the same on the stack, saves the registers and calls
; onTrap(frame) in TypeScript. The bytes at `frame` are TRAP_FRAME of kernel/arch/trap-frame.ts.
;
; Intel SDM vol. 3A, "64-Bit Mode Stack Frame": the CPU aligns RSP to 16 and pushes SS, RSP, RFLAGS, CS, RIP and, for
; some exceptions, an error code. With error code, vector and 15 registers the frame is 176 bytes: RSP is 16-aligned at
; the call, as the C calling convention wants. The kernel uses no SSE, so these registers are all there is to save.

extern onTrap
global trap_stubs

section .text progbits alloc exec nowrite align=16

%assign vector 0
%rep 256
align 16, int3
stub_%+vector:
%if vector = 8 || (vector >= 10 && vector <= 14) || vector = 17 || vector = 21 || vector = 29 || vector = 30
    ; the CPU has pushed an error code
%else
    push qword 0
%endif
    push qword vector
    jmp save_and_call
%assign vector vector + 1
%endrep

align 16, int3
save_and_call:
    push rax
    push rbx
    push rcx
    push rdx
    push rsi
    push rdi
    push rbp
    push r8
    push r9
    push r10
    push r11
    push r12
    push r13
    push r14
    push r15
    cld
    mov rdi, rsp
    call onTrap
    pop r15
    pop r14
    pop r13
    pop r12
    pop r11
    pop r10
    pop r9
    pop r8
    pop rbp
    pop rdi
    pop rsi
    pop rdx
    pop rcx
    pop rbx
    pop rax
    add rsp, 16                             ; vector and error code
    iretq

section .rodata progbits alloc noexec nowrite align=8
trap_stubs:
%assign vector 0
%rep 256
    dq stub_%+vector
%assign vector vector + 1
%endrep

section .note.GNU-stack noalloc noexec nowrite progbits
