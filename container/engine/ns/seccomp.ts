// A system call filter for the confined program, as classic BPF (seccomp(2)). It refuses what namespaces do not cover:
// kernel keyrings are shared with this machine's user, and the rest has no use in a container and a history of holes.
// Pure: bytes for bubblewrap's --seccomp. Commands that are exec'ed later do not have it; the Worker chooses those.

interface Machine {
  /** AUDIT_ARCH_*, linux/audit.h. */
  readonly audit: number;
  /** x86-64 also answers to x32 numbers, which would get around the list. */
  readonly numbersEnd: number | undefined;
  readonly calls: readonly number[];
}

/**
 * add_key, request_key, keyctl, bpf, perf_event_open, userfaultfd, open_by_handle_at, kexec_load, kexec_file_load,
 * init_module, finit_module, delete_module, io_uring_setup; numbers from asm/unistd_64.h and asm-generic/unistd.h.
 */
const MACHINES: Readonly<Record<string, Machine>> = {
  x64: {
    audit: 0xc000003e,
    numbersEnd: 0x40000000,
    calls: [248, 249, 250, 321, 298, 323, 304, 246, 320, 175, 313, 176, 425],
  },
  arm64: {
    audit: 0xc00000b7,
    numbersEnd: undefined,
    calls: [217, 218, 219, 280, 241, 282, 265, 104, 294, 105, 273, 106, 425],
  },
};

const LOAD_WORD = 0x20;
const JUMP_EQUAL = 0x15;
const JUMP_GREATER_EQUAL = 0x35;
const RETURN = 0x06;
/** Offsets in struct seccomp_data. */
const NUMBER = 0;
const ARCH = 4;
const ALLOW = 0x7fff0000;
const EPERM = 1;
const REFUSE = 0x00050000 | EPERM;

/** The filter for a machine as Node names it (`process.arch`), or undefined when its numbers are not known. */
export function seccompFilter(arch: string): Buffer | undefined {
  const machine = MACHINES[arch];
  if (machine === undefined) return undefined;
  const beyond = machine.numbersEnd === undefined ? [] : [[JUMP_GREATER_EQUAL, machine.numbersEnd] as const];
  const checks = [...beyond, ...machine.calls.map((call) => [JUMP_EQUAL, call] as const)];
  const program = [
    instruction(LOAD_WORD, ARCH),
    // Jumps count the instructions to skip: to the refusal at the end, past the rest.
    instruction(JUMP_EQUAL, machine.audit, 0, checks.length + 2),
    instruction(LOAD_WORD, NUMBER),
    ...checks.map(([code, value], index) => instruction(code, value, checks.length - index, 0)),
    instruction(RETURN, ALLOW),
    instruction(RETURN, REFUSE),
  ];
  return Buffer.concat(program);
}

/** struct sock_filter, in this machine's byte order; both machines are little-endian. */
function instruction(code: number, value: number, ifTrue = 0, ifFalse = 0): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeUInt16LE(code, 0);
  bytes[2] = ifTrue;
  bytes[3] = ifFalse;
  bytes.writeUInt32LE(value, 4);
  return bytes;
}
