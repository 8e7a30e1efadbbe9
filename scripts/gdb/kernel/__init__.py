"""What gdb is taught about the kernel, a file each."""
