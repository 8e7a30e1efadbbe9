; From the loader's 32-bit protected mode to the kernel proper: boot/start.asm.
;
; Checks what can only be checked here (who called, CPUID, long mode, no-execute), builds page tables that last until
; the kernel has made its own, and sets EFLAGS and every control register absolutely: a loader may leave anything there.
;
;   physical 0..4 GiB, 2 MiB pages      at 0 and at 0xffff_8000_0000_0000 (the direct map's place)
;   physical 0..8 MiB, 4 KiB pages      at 0xffff_ffff_8000_0000 (the image), the guard pages under the stacks left out
;
; Linked at its physical address, below the image proper. All of it, tables included, is given back by the kernel.

extern higher_half, stack_guard, double_fault_guard, nmi_guard, machine_check_guard
global enter_multiboot2, enter_pvh

IMAGE_BASE          equ 0xffffffff80000000

MULTIBOOT2_MAGIC    equ 0x36d76289          ; in EAX when a multiboot2 loader jumps here
PVH_MAGIC           equ 0x50564821          ; ours, to tell TypeScript which door was used
START_INFO_MAGIC    equ 0x336ec578          ; first word of hvm_start_info

PTE_PRESENT         equ 1 << 0
PTE_WRITABLE        equ 1 << 1
PTE_HUGE            equ 1 << 7
ENTRY_TABLE         equ PTE_PRESENT | PTE_WRITABLE

CR0_VALUE           equ 0x80010033          ; PG, WP, NE, ET, MP, PE
CR4_VALUE           equ 0x00000020          ; PAE
MSR_EFER            equ 0xc0000080
EFER_VALUE          equ 0x00000900          ; LME, NXE
EFLAGS_NONE         equ 1 << 1              ; this one is always set
EFLAGS_ID           equ 1 << 21
CPUID_LONG_MODE     equ 1 << 29             ; leaf 0x80000001, EDX
CPUID_NO_EXECUTE    equ 1 << 20

COM1                equ 0x3f8
VGA_TEXT            equ 0xb8000
VGA_ROW             equ 80 * 2
VGA_WHITE_ON_RED    equ 0x4f

bits 32
section .boot.text progbits alloc exec nowrite align=16

enter_pvh:                                  ; EBX = address of hvm_start_info
    cli
    cld
    mov esp, entry_stack_top
    mov edi, PVH_MAGIC
    mov esi, ebx
    cmp dword [ebx], START_INFO_MAGIC
    je check_cpu
    mov ebx, message_loader
    jmp refuse

enter_multiboot2:                           ; EAX = magic, EBX = address of the boot information
    cli
    cld
    mov esp, entry_stack_top
    mov edi, eax
    mov esi, ebx
    cmp eax, MULTIBOOT2_MAGIC
    je check_cpu
    mov ebx, message_loader
    jmp refuse

; EDI = magic and ESI = boot information from here on.
check_cpu:
    pushfd                                  ; CPUID exists if bit 21 of EFLAGS can be changed
    pop eax
    mov ecx, eax
    xor eax, EFLAGS_ID
    push eax
    popfd
    pushfd
    pop eax
    xor eax, ecx
    mov ebx, message_cpuid
    test eax, EFLAGS_ID
    jz refuse
    push dword EFLAGS_NONE                  ; with NT left on, for one, the first iretq would fault
    popfd

    mov eax, 0x80000000
    cpuid
    mov ebx, message_long_mode
    cmp eax, 0x80000001
    jb refuse
    mov eax, 0x80000001
    cpuid
    mov ebx, message_long_mode
    test edx, CPUID_LONG_MODE
    jz refuse
    mov ebx, message_no_execute
    test edx, CPUID_NO_EXECUTE
    jz refuse

    xor eax, eax                            ; the tables below: every entry not written is absent
    mov edx, edi
    mov edi, tables
    mov ecx, (tables_end - tables) / 4
    rep stosd
    mov edi, edx

    mov dword [pml4 + 0 * 8], pdpt_low + ENTRY_TABLE
    mov dword [pml4 + 256 * 8], pdpt_low + ENTRY_TABLE
    mov dword [pml4 + 511 * 8], pdpt_image + ENTRY_TABLE
    mov dword [pdpt_low + 0 * 8], pd_low + 0 * 4096 + ENTRY_TABLE
    mov dword [pdpt_low + 1 * 8], pd_low + 1 * 4096 + ENTRY_TABLE
    mov dword [pdpt_low + 2 * 8], pd_low + 2 * 4096 + ENTRY_TABLE
    mov dword [pdpt_low + 3 * 8], pd_low + 3 * 4096 + ENTRY_TABLE
    mov dword [pdpt_image + 510 * 8], pd_image + ENTRY_TABLE
    mov dword [pd_image + 0 * 8], pt_image + 0 * 4096 + ENTRY_TABLE
    mov dword [pd_image + 1 * 8], pt_image + 1 * 4096 + ENTRY_TABLE
    mov dword [pd_image + 2 * 8], pt_image + 2 * 4096 + ENTRY_TABLE
    mov dword [pd_image + 3 * 8], pt_image + 3 * 4096 + ENTRY_TABLE

    xor ecx, ecx
    mov eax, ENTRY_TABLE | PTE_HUGE
.two_mib:                                   ; 4 x 512 entries of 2 MiB: physical 0..4 GiB
    mov [pd_low + ecx * 8], eax
    add eax, 1 << 21
    inc ecx
    cmp ecx, 4 * 512
    jne .two_mib

    xor ecx, ecx
    mov eax, ENTRY_TABLE
.four_kib:                                  ; 4 x 512 entries of 4 KiB: physical 0..8 MiB
    mov [pt_image + ecx * 8], eax
    add eax, 1 << 12
    inc ecx
    cmp ecx, 4 * 512
    jne .four_kib

%macro LEAVE_OUT 1                          ; no entry for one page of the image
    mov eax, %1 - IMAGE_BASE
    shr eax, 12
    mov dword [pt_image + eax * 8], 0
%endmacro
    LEAVE_OUT stack_guard
    LEAVE_OUT double_fault_guard
    LEAVE_OUT nmi_guard
    LEAVE_OUT machine_check_guard

    mov eax, CR4_VALUE
    mov cr4, eax
    mov eax, pml4
    mov cr3, eax
    mov ecx, MSR_EFER
    mov eax, EFER_VALUE
    xor edx, edx
    wrmsr
    mov eax, CR0_VALUE
    mov cr0, eax
    lgdt [gdt_register]
    jmp 0x08:enter_long_mode

; EBX = why not. Says it on the serial line and on the screen, and stops for good. (base/refuse.ts is the same, later.)
refuse:
    mov dx, COM1 + 1                        ; 115200 baud, 8N1, no interrupts, FIFO on
    mov al, 0x00
    out dx, al
    mov dx, COM1 + 3
    mov al, 0x80
    out dx, al
    mov dx, COM1 + 0
    mov al, 0x01
    out dx, al
    mov dx, COM1 + 1
    mov al, 0x00
    out dx, al
    mov dx, COM1 + 3
    mov al, 0x03
    out dx, al
    mov dx, COM1 + 2
    mov al, 0xc7
    out dx, al

    mov edi, VGA_TEXT
    mov esi, message_prefix
    call say
    mov esi, ebx
    call say
    mov edi, VGA_TEXT + VGA_ROW
    mov esi, message_suffix
    call say
.stop:
    cli
    hlt
    jmp .stop

; ESI = text that ends with 0, EDI = where on the screen it goes on. Keeps EBX.
say:
    lodsb
    test al, al
    jz .done
    mov cl, al
    mov ch, VGA_WHITE_ON_RED
    cmp cl, ' '
    jb .serial                              ; line ends are for the serial line only
    mov [edi], cx
    add edi, 2
.serial:
    push edi
    mov edi, 100000                         ; a missing UART must not hang the refusal
.wait:
    mov dx, COM1 + 5
    in al, dx
    test al, 0x20
    jnz .ready
    dec edi
    jnz .wait
.ready:
    pop edi
    mov dx, COM1
    mov al, cl
    out dx, al
    jmp say
.done:
    ret

bits 64
enter_long_mode:
    mov ax, 0x10
    mov ds, ax
    mov es, ax
    mov ss, ax
    xor eax, eax
    mov fs, ax
    mov gs, ax
    mov rax, higher_half                    ; a far address: the low one ends here
    jmp rax

section .boot.data progbits alloc noexec write align=8
gdt:
    dq 0
    dq 0x00af9a000000ffff                   ; 0x08 kernel code, 64-bit
    dq 0x00cf92000000ffff                   ; 0x10 kernel data
gdt_register:
    dw gdt_register - gdt - 1
    dd gdt
    dd 0

message_prefix:     db "boot: this machine cannot run the kernel: ", 0
message_loader:     db "its loader is not multiboot2 or PVH", 0
message_cpuid:      db "the CPU has no CPUID", 0
message_long_mode:  db "the CPU has no 64-bit mode", 0
message_no_execute: db "the CPU has no no-execute pages", 0
message_suffix:     db 13, 10, "The machine is halted.", 13, 10, 0

section .boot.bss nobits alloc noexec write align=4096
tables:
pml4:       resb 4096
pdpt_low:   resb 4096
pd_low:     resb 4096 * 4
pdpt_image: resb 4096
pd_image:   resb 4096
pt_image:   resb 4096 * 4
tables_end:
entry_stack:        resb 4096
entry_stack_top:

section .note.GNU-stack noalloc noexec nowrite progbits
