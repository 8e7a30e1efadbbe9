; The stacks that exist before any allocator does, each above a guard page that is never mapped: an overflow faults
; instead of writing over what lies below.

global stack_guard, stack_top, double_fault_guard, double_fault_top
global nmi_guard, nmi_top, machine_check_guard, machine_check_top

PAGE    equ 4096

section .stacks nobits alloc noexec write align=4096
stack_guard:            resb PAGE
                        resb 8 * PAGE       ; the boot stack, later the idle stack
stack_top:
double_fault_guard:     resb PAGE
                        resb 4 * PAGE       ; each of these runs the whole fatal report
double_fault_top:
nmi_guard:              resb PAGE
                        resb 4 * PAGE
nmi_top:
machine_check_guard:    resb PAGE
                        resb 4 * PAGE
machine_check_top:

section .note.GNU-stack noalloc noexec nowrite progbits
