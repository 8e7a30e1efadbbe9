; Into a program and out of it: the entry of system calls, and the switch from one kernel stack to another.
;
; Intel SDM vol. 2B, "SYSCALL" and "SYSRET": RCX holds the program's RIP, R11 its RFLAGS, and RSP is still the program's.
; Interrupts are off until the kernel's stack is in use (IA32_FMASK, arch/user-mode.ts), so that one place is enough to
; keep the program's RSP in: there is one CPU. NMI and machine check have stacks of their own.

%include "frames.inc"

extern onSystemCall, trap_return
global system_call_entry, stack_switch, kernel_stack

USER_DATA           equ 0x2b                ; SELECTOR of kernel/arch/descriptors.ts, with privilege level 3
USER_CODE           equ 0x33
FRAME_R11           equ 4 * 8               ; TRAP_FRAME of kernel/arch/trap-frame.ts
FRAME_R10           equ 5 * 8
FRAME_R9            equ 6 * 8
FRAME_R8            equ 7 * 8
FRAME_RDI           equ 9 * 8
FRAME_RSI           equ 10 * 8
FRAME_RDX           equ 11 * 8
FRAME_RCX           equ 12 * 8
FRAME_RAX           equ 14 * 8
FRAME_RSP           equ 20 * 8
SYSTEM_CALL         equ 256                 ; VECTOR.SYSTEM_CALL: no trap has this number

section .text progbits alloc exec nowrite align=16

; What it leaves on the stack is a TRAP_FRAME, as if by a trap: whoever looks at a program's registers finds them in one
; shape. `error` is the number of the call: RAX becomes the answer. onSystemCall(frame) answers 0 if the frame is as the
; program left it but for RAX: then sysret takes the way back. RIP was behind a syscall of the program's, below USER_TOP,
; so it is canonical: sysret cannot fault.
align 16, int3
system_call_entry:
    mov [user_stack], rsp
    mov rsp, [kernel_stack]
    push qword USER_DATA
    push qword [user_stack]
    push r11
    push qword USER_CODE
    push rcx
CFI_BEGIN trap_rules
    push rax
    CFI_ROW TRAP_PUSHED + 8
    push qword SYSTEM_CALL
    CFI_ROW TRAP_PUSHED + 16
    SAVE rax
    SAVE rbx
    SAVE rcx
    SAVE rdx
    SAVE rsi
    SAVE rdi
    SAVE rbp
    SAVE r8
    SAVE r9
    SAVE r10
    SAVE r11
    SAVE r12
    SAVE r13
    SAVE r14
    SAVE r15
    mov rdi, rsp
    call onSystemCall
    test rax, rax
    jnz trap_return
    mov r11, [rsp + FRAME_R11]              ; those that C keeps are as they were
    mov r10, [rsp + FRAME_R10]
    mov r9, [rsp + FRAME_R9]
    mov r8, [rsp + FRAME_R8]
    mov rdi, [rsp + FRAME_RDI]
    mov rsi, [rsp + FRAME_RSI]
    mov rdx, [rsp + FRAME_RDX]
    mov rcx, [rsp + FRAME_RCX]
    mov rax, [rsp + FRAME_RAX]
    mov rsp, [rsp + FRAME_RSP]
    o64 sysret
CFI_END

; stack_switch(at, to): RSP is kept at `at`, and the stack whose RSP is `to` goes on where it called this. What the C
; calling convention wants kept is on the stack: r15 r14 r13 r12 rbx rbp, the return address.
align 16, int3
stack_switch:
    push rbp
    push rbx
    push r12
    push r13
    push r14
    push r15
    mov [rdi], rsp
    mov rsp, rsi
    pop r15
    pop r14
    pop r13
    pop r12
    pop rbx
    pop rbp
    ret

section .bss nobits alloc noexec write align=8
kernel_stack:   resq 1                      ; RSP of the kernel, for the program that runs
user_stack:     resq 1

section .note.GNU-stack noalloc noexec nowrite progbits
