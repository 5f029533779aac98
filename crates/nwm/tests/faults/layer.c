/* Lets a chosen change of the file system fail, for tests of programs that must survive it.
 *
 * Loaded with LD_PRELOAD. Every system call that changes a file is trapped by a seccomp filter, whoever makes it: a
 * library that calls the kernel without the C library is trapped as well, which functions of the same names would miss.
 * The trap counts the calls whose file is below one folder, and performs them, except for those that are to fail.
 *
 *   NWM_FAULT_FOLDER   absolute path without links; calls elsewhere are performed and not counted
 *   NWM_FAULT_KIND     what happens (below)
 *   NWM_FAULT_AT       number of the call to which it happens, from 1; without it nothing does
 *   NWM_FAULT_TRACE    file, outside of the folder, that gets a line `NUMBER CALL PATH` for each call before it is
 *                      performed, and after it ` KIND` for one that is to fail
 *
 *   error              it fails with EIO, once
 *   full               the disk is full from here on: a write is cut short, and all that needs space fails with ENOSPC
 *   short              a write is cut short, once
 *   short-always       this write and all later ones are cut short
 *   kill               SIGKILL before the call
 *   kill-half          SIGKILL when half of a write is done
 *
 * Linux on x86-64 alone. A filter outlives exec, so a program that the program starts has the layer, too; it counts its own
 * calls.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <ucontext.h>
#include <unistd.h>

#if !defined(__linux__) || !defined(__x86_64__)
#error "this layer knows the system calls of Linux on x86-64"
#endif

/* The one place whose system calls the filter lets pass: number, then six arguments. It is copied to an address of its own,
 * since a filter that a program inherits knows no other. */
#define GATE_ADDRESS 0x6e776d000000
extern const char gate_start[], gate_passed[], gate_end[];
__asm__(".text\n"
        ".globl gate_start\n.hidden gate_start\n"
        ".globl gate_passed\n.hidden gate_passed\n"
        ".globl gate_end\n.hidden gate_end\n"
        "gate_start:\n"
        "  mov %rdi, %rax\n  mov %rsi, %rdi\n  mov %rdx, %rsi\n  mov %rcx, %rdx\n"
        "  mov %r8, %r10\n  mov %r9, %r8\n  mov 8(%rsp), %r9\n"
        "  syscall\n"
        "gate_passed:\n"
        "  ret\n"
        "gate_end:\n");
typedef long gate_function(long number, long a, long b, long c, long d, long e, long f);
static gate_function *const gate = (gate_function *)GATE_ADDRESS;

/* Set for the programs that the program starts: they have the filter. */
#define INHERITED "NWM_FAULT_INHERITED"

enum kind { NONE, ERROR, FULL, SHORT, SHORT_ALWAYS, KILL, KILL_HALF };
static const char *const kind_names[] = {"", "error", "full", "short", "short-always", "kill", "kill-half"};

/* What a call does, as traces name it. */
enum effect { WRITE, COPY, SYNC, RESIZE, CREATE, MAKE_FOLDER, RENAME, LINK, REMOVE, MAP };
static const char *const effect_names[] = {"write",       "copy",   "sync", "resize", "create",
                                           "make-folder", "rename", "link", "remove", "map"};

/* Where a call names its file: an open file, a path in the working folder, or a path in an open folder. */
enum place { FILE_AT, PATH_AT, FOLDER_AND_PATH_AT };

struct call {
    int number;
    enum effect effect;
    enum place place;
    /* Which argument it is; of a rename, the new name. */
    int argument;
};

static const struct call calls[] = {
    {SYS_write, WRITE, FILE_AT, 0},
    {SYS_pwrite64, WRITE, FILE_AT, 0},
    {SYS_writev, WRITE, FILE_AT, 0},
    {SYS_pwritev, WRITE, FILE_AT, 0},
    {SYS_pwritev2, WRITE, FILE_AT, 0},
    {SYS_sendfile, COPY, FILE_AT, 0},
    {SYS_copy_file_range, COPY, FILE_AT, 2},
    {SYS_splice, COPY, FILE_AT, 2},
    {SYS_fsync, SYNC, FILE_AT, 0},
    {SYS_fdatasync, SYNC, FILE_AT, 0},
    {SYS_sync_file_range, SYNC, FILE_AT, 0},
    {SYS_ftruncate, RESIZE, FILE_AT, 0},
    {SYS_fallocate, RESIZE, FILE_AT, 0},
    {SYS_truncate, RESIZE, PATH_AT, 0},
    {SYS_open, CREATE, PATH_AT, 0},
    {SYS_creat, CREATE, PATH_AT, 0},
    {SYS_openat, CREATE, FOLDER_AND_PATH_AT, 0},
    {SYS_openat2, CREATE, FOLDER_AND_PATH_AT, 0},
    {SYS_mkdir, MAKE_FOLDER, PATH_AT, 0},
    {SYS_mkdirat, MAKE_FOLDER, FOLDER_AND_PATH_AT, 0},
    {SYS_rename, RENAME, PATH_AT, 1},
    {SYS_renameat, RENAME, FOLDER_AND_PATH_AT, 2},
    {SYS_renameat2, RENAME, FOLDER_AND_PATH_AT, 2},
    {SYS_link, LINK, PATH_AT, 1},
    {SYS_linkat, LINK, FOLDER_AND_PATH_AT, 2},
    {SYS_symlink, LINK, PATH_AT, 1},
    {SYS_symlinkat, LINK, FOLDER_AND_PATH_AT, 1},
    {SYS_unlink, REMOVE, PATH_AT, 0},
    {SYS_rmdir, REMOVE, PATH_AT, 0},
    {SYS_unlinkat, REMOVE, FOLDER_AND_PATH_AT, 0},
    {SYS_mmap, MAP, FILE_AT, 4},
};
enum { CALLS = sizeof calls / sizeof *calls };

static char folder[PATH_MAX];
static size_t folder_length;
static int trace = -1;
static enum kind fault;
static long fault_at;
static atomic_long count;

/* Reads the target of a link of /proc/self/, "cwd" or "fd/N"; length or -1. */
static long read_own_link(const char *prefix, int file, char *path, size_t size) {
    char link[48] = "/proc/self/";
    char *end = stpcpy(link + strlen(link), prefix);
    if (file >= 0) {
        char digits[12];
        int length = 0;
        do digits[length++] = (char)('0' + file % 10);
        while ((file /= 10) > 0);
        while (length > 0) *end++ = digits[--length];
        *end = 0;
    }
    long length = gate(SYS_readlink, (long)link, (long)path, (long)size - 1, 0, 0, 0);
    if (length >= 0) path[length] = 0;
    return length;
}

/* The absolute path of what the call changes; empty if it is no file. */
static void path_of(const struct call *call, const long *arguments, char *path) {
    *path = 0;
    if (call->place == FILE_AT) {
        if (read_own_link("fd/", (int)arguments[call->argument], path, PATH_MAX) < 0) *path = 0;
        return;
    }
    const char *name = (const char *)arguments[call->argument + (call->place == FOLDER_AND_PATH_AT)];
    if (name == NULL) return;
    long length = 0;
    if (*name != '/') {
        int start = call->place == FOLDER_AND_PATH_AT ? (int)arguments[call->argument] : AT_FDCWD;
        length = start == AT_FDCWD ? read_own_link("cwd", -1, path, PATH_MAX)
                                   : read_own_link("fd/", start, path, PATH_MAX);
        if (length < 0) length = 0;
        if (length > 0 && length < PATH_MAX - 1) path[length++] = '/';
    }
    /* A relative path may begin with ./ */
    while (length > 0 && name[0] == '.' && name[1] == '/') name += 2;
    size_t left = (size_t)(PATH_MAX - 1 - length), size = strlen(name);
    if (size > left) size = left;
    memcpy(path + length, name, size);
    path[(size_t)length + size] = 0;
}

static int is_below_folder(const char *path) {
    return strncmp(path, folder, folder_length) == 0 && (path[folder_length] == '/' || path[folder_length] == 0);
}

/* Whether an open changes something, or a mapping writes to its file. */
static int changes(const struct call *call, const long *arguments) {
    switch (call->number) {
    case SYS_open: return (arguments[1] & (O_CREAT | O_TRUNC)) != 0;
    case SYS_openat: return (arguments[2] & (O_CREAT | O_TRUNC)) != 0;
    case SYS_mmap: return (arguments[2] & PROT_WRITE) && (arguments[3] & MAP_SHARED) && (int)arguments[4] >= 0;
    default: return 1;
    }
}

static void write_trace(long number, const struct call *call, const char *path, enum kind kind) {
    char line[PATH_MAX + 64], digits[24];
    int length = 0;
    char *end = line;
    do digits[length++] = (char)('0' + number % 10);
    while ((number /= 10) > 0);
    while (length > 0) *end++ = digits[--length];
    *end++ = ' ';
    end = stpcpy(end, effect_names[call->effect]);
    *end++ = ' ';
    end = stpcpy(end, path);
    if (kind != NONE) {
        *end++ = ' ';
        end = stpcpy(end, kind_names[kind]);
    }
    *end++ = '\n';
    gate(SYS_write, trace, (long)line, end - line, 0, 0, 0);
}

static long perform(const struct call *call, const long *it) {
    return gate(call->number, it[0], it[1], it[2], it[3], it[4], it[5]);
}

/* Half of a write; of a single byte, and of copies and vectors of several parts, all or a first part. */
static long perform_half(const struct call *call, const long *arguments) {
    long half[6];
    memcpy(half, arguments, sizeof half);
    struct iovec part;
    if (call->number == SYS_write || call->number == SYS_pwrite64) {
        half[2] = (half[2] + 1) / 2;
    } else if (call->number == SYS_sendfile) {
        half[3] = (half[3] + 1) / 2;
    } else if (call->effect == COPY) {
        half[4] = (half[4] + 1) / 2;
    } else if (half[2] > 0) {
        const struct iovec *parts = (const struct iovec *)half[1];
        part = parts[0];
        if (half[2] == 1) part.iov_len = (part.iov_len + 1) / 2;
        half[1] = (long)&part;
        half[2] = 1;
    }
    return perform(call, half);
}

static void end_process(void) {
    gate(SYS_kill, gate(SYS_getpid, 0, 0, 0, 0, 0, 0), SIGKILL, 0, 0, 0, 0);
}

/* The outcome of a call below the folder, as the kernel returns it: a negative error number on failure. */
static long counted(const struct call *call, const long *arguments, const char *path) {
    long number = atomic_fetch_add(&count, 1) + 1;
    int writes = call->effect == WRITE || call->effect == COPY;
    int first = number == fault_at;
    int later = number > fault_at && (fault == FULL || fault == SHORT_ALWAYS);
    enum kind kind = fault_at > 0 && (first || later) ? fault : NONE;
    if (kind == FULL && call->effect == REMOVE) kind = NONE;
    if ((kind == SHORT || kind == SHORT_ALWAYS || kind == KILL_HALF) && !writes) kind = NONE;
    if (trace >= 0) write_trace(number, call, path, kind);
    switch (kind) {
    case NONE: return perform(call, arguments);
    case ERROR: return -EIO;
    case FULL: return first && writes ? perform_half(call, arguments) : -ENOSPC;
    case SHORT:
    case SHORT_ALWAYS: return perform_half(call, arguments);
    case KILL_HALF: perform_half(call, arguments); break;
    case KILL: break;
    }
    end_process();
    return -EIO;
}

static void on_trap(int signal, siginfo_t *info, void *context) {
    (void)signal;
    greg_t *registers = ((ucontext_t *)context)->uc_mcontext.gregs;
    const long arguments[6] = {registers[REG_RDI], registers[REG_RSI], registers[REG_RDX],
                               registers[REG_R10], registers[REG_R8],  registers[REG_R9]};
    const struct call *call = NULL;
    for (int i = 0; i < CALLS; i++)
        if (calls[i].number == info->si_syscall) call = &calls[i];
    if (call == NULL) {
        registers[REG_RAX] = -ENOSYS;
        return;
    }
    char path[PATH_MAX];
    *path = 0;
    if (changes(call, arguments)) path_of(call, arguments, path);
    registers[REG_RAX] = is_below_folder(path) ? counted(call, arguments, path) : perform(call, arguments);
}

/* Ends a process that could not be tested as was asked. */
static void give_up(const char *why) {
    dprintf(2, "fault layer: %s\n", why);
    _exit(125);
}

static void copy_gate(void) {
    void *page = mmap((void *)GATE_ADDRESS, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);
    if (page != (void *)GATE_ADDRESS) give_up("the address of the gate is taken");
    memcpy(page, gate_start, (size_t)(gate_end - gate_start));
    if (mprotect(page, 4096, PROT_READ | PROT_EXEC) != 0) give_up("the kernel refuses to make the gate executable");
}

/* Traps the calls of the table unless they come from the gate, or open or map a file only to read it: what a new program does
 * before it has the layer. */
static void install_filter(void) {
    struct sock_filter filter[5 * CALLS + 16];
    int length = 0;
    unsigned long passed = GATE_ADDRESS + (unsigned long)(gate_passed - gate_start);
    const int pointer = offsetof(struct seccomp_data, instruction_pointer), argument = offsetof(struct seccomp_data, args);
#define ADD(statement) filter[length++] = (struct sock_filter)statement
    ADD(BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, arch)));
    ADD(BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, AUDIT_ARCH_X86_64, 1, 0));
    ADD(BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW));
    ADD(BPF_STMT(BPF_LD | BPF_W | BPF_ABS, pointer));
    ADD(BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (unsigned)passed, 0, 3));
    ADD(BPF_STMT(BPF_LD | BPF_W | BPF_ABS, pointer + 4));
    ADD(BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (unsigned)(passed >> 32), 0, 1));
    ADD(BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW));
    ADD(BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)));
    for (int i = 0; i < CALLS; i++) {
        /* Trapped only with one of these bits in this argument; a mapping that is private does not change its file. */
        int bits = 0, where = 0;
        if (calls[i].number == SYS_open) bits = O_CREAT | O_TRUNC, where = 1;
        if (calls[i].number == SYS_openat) bits = O_CREAT | O_TRUNC, where = 2;
        if (calls[i].number == SYS_mmap) bits = MAP_SHARED, where = 3;
        ADD(BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (unsigned)calls[i].number, 0, bits == 0 ? 1 : 4));
        if (bits != 0) {
            ADD(BPF_STMT(BPF_LD | BPF_W | BPF_ABS, (unsigned)(argument + 8 * where)));
            ADD(BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, (unsigned)bits, 1, 0));
            ADD(BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW));
        }
        ADD(BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_TRAP));
    }
    ADD(BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW));
#undef ADD
    struct sock_fprog program = {.len = (unsigned short)length, .filter = filter};
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) give_up("the kernel refuses PR_SET_NO_NEW_PRIVS");
    if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) != 0) give_up("the kernel refuses a seccomp filter");
}

__attribute__((constructor)) static void start(void) {
    const char *below = getenv("NWM_FAULT_FOLDER");
    if (below == NULL) return;
    folder_length = strlen(below);
    if (*below != '/' || folder_length >= sizeof folder) give_up("NWM_FAULT_FOLDER is no absolute path");
    memcpy(folder, below, folder_length + 1);
    const char *name = getenv("NWM_FAULT_KIND"), *at = getenv("NWM_FAULT_AT"), *file = getenv("NWM_FAULT_TRACE");
    if (at != NULL) {
        fault_at = strtol(at, NULL, 10);
        for (int i = ERROR; name != NULL && i <= KILL_HALF; i++)
            if (strcmp(name, kind_names[i]) == 0) fault = (enum kind)i;
        if (fault_at < 1 || fault == NONE) give_up("NWM_FAULT_AT or NWM_FAULT_KIND is none of those known");
    }
    copy_gate();
    if (file != NULL) {
        trace = (int)gate(SYS_openat, AT_FDCWD, (long)file, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666, 0, 0);
        if (trace < 0) give_up("NWM_FAULT_TRACE cannot be opened");
    }
    struct sigaction action = {.sa_sigaction = on_trap, .sa_flags = SA_SIGINFO | SA_RESTART};
    if (sigaction(SIGSYS, &action, NULL) != 0) give_up("SIGSYS cannot be handled");
    if (getenv(INHERITED) == NULL) {
        install_filter();
        setenv(INHERITED, "1", 1);
    }
}
