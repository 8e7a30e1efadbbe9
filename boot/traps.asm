; One stub for each of the 256 vectors: makes every trap look the same on the stack, saves the registers and calls
; onTrap(frame) in TypeScript. The bytes at `frame` are TRAP_FRAME of kernel/arch/trap-frame.ts.
;
; Intel SDM vol. 3A, "64-Bit Mode Stack Frame": the CPU aligns RSP to 16 and pushes SS, RSP, RFLAGS, CS, RIP and, for
; some exceptions, an error code. With error code, vector and 15 registers the frame is 176 bytes: RSP is 16-aligned at
; the call, as the C calling convention wants. The kernel uses no SSE, so these registers are all there is to save.

; Below them, what a tried call needs: try_call, the one door that is more than a few instructions.

%include "frames.inc"

extern onTrap
global trap_stubs, trap_return, try_call, try_call_failed, call_tried

FRAME_RFLAGS    equ 152                     ; in TRAP_FRAME
RFLAGS_AC       equ 18                      ; this bit set, SMAP lets the kernel reach a program's pages

section .text progbits alloc exec nowrite align=16

CFI_BEGIN trap_rules
%assign vector 0
%rep 256
align 16, int3
stub_%+vector:
%if vector = 8 || (vector >= 10 && vector <= 14) || vector = 17 || vector = 21 || vector = 29 || vector = 30
    CFI_ROW TRAP_PUSHED + 8                 ; the CPU has pushed an error code
%else
    CFI_ROW TRAP_PUSHED
    push qword 0
    CFI_ROW TRAP_PUSHED + 8
%endif
    push qword vector
    CFI_ROW TRAP_PUSHED + 16
    jmp save_and_call
%assign vector vector + 1
%endrep

align 16, int3
save_and_call:
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
    cld
    test byte [rsp + FRAME_RFLAGS + RFLAGS_AC / 8], 1 << (RFLAGS_AC % 8)
    jnz ac_close                            ; a trap does not clear AC: a user copy, or a program, was interrupted
ac_closed:
    mov rdi, rsp
    call onTrap
trap_return:                                ; RSP points to a TRAP_FRAME: the way into a program, too
    CFI_REMEMBER
    RESTORE r15
    RESTORE r14
    RESTORE r13
    RESTORE r12
    RESTORE r11
    RESTORE r10
    RESTORE r9
    RESTORE r8
    RESTORE rbp
    RESTORE rdi
    RESTORE rsi
    RESTORE rdx
    RESTORE rcx
    RESTORE rbx
    RESTORE rax
    add rsp, 16                             ; vector and error code
    CFI_ROW TRAP_PUSHED
    iretq
ac_close:
    CFI_RECALL
    pushfq                                  ; not clac: a CPU without SMAP lacks it, and a program may set AC there, too
    CFI_ROW frame_size + 8
    btr qword [rsp], RFLAGS_AC
    popfq
    CFI_ROW frame_size - 8
    jmp ac_closed
CFI_END

; try_call(code): calls it; -1 when it comes back. When it does not, trap/recovery.ts goes on at try_call_failed with RSP
; = call_tried and RAX = the answer. What the C calling convention wants kept is on the stack, where call_tried points:
;
;   +0   the call that was being tried before, or 0
;   +8   RFLAGS, code, then r15 r14 r13 r12 rbx rbp and the return address
align 16
try_call:
    push rbp
    mov rbp, rsp                            ; a backtrace goes through here
    push rbx
    push r12
    push r13
    push r14
    push r15
    push rdi                                ; for who reads the stack; and RSP is 16-aligned at the call
    pushfq
    push qword [call_tried]
    mov [call_tried], rsp
    call rdi
    mov rax, -1
    pop qword [call_tried]
    add rsp, 8                              ; the flags stay as the called code left them
.leave:
    add rsp, 8                              ; code
    pop r15
    pop r14
    pop r13
    pop r12
    pop rbx
    pop rbp
    ret
try_call_failed:
    pop qword [call_tried]
    popfq                                   ; whatever the code had done to them
    jmp try_call.leave

section .bss nobits alloc noexec write align=8
call_tried:     resq 1                      ; the innermost call that is being tried; 0: none

section .rodata progbits alloc noexec nowrite align=8
trap_stubs:
%assign vector 0
%rep 256
    dq stub_%+vector
%assign vector vector + 1
%endrep

section .note.GNU-stack noalloc noexec nowrite progbits
