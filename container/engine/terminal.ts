// A terminal for an exec'ed command, made by script(1) inside the container; its size is set with stty(1) on the terminal
// that script named in a file. Pure: argument lists.

export interface TerminalSize {
  readonly rows: number;
  readonly columns: number;
}

/** Runs `command` in a terminal of its own; script passes its exit code on. */
export function terminalCommand(command: readonly string[], id: string, size: TerminalSize | undefined): string[] {
  const resize = size === undefined ? '' : `stty rows ${size.rows} cols ${size.columns}; `;
  const inner = `tty > ${nameFile(id)}; ${resize}exec ${command.map(quote).join(' ')}`;
  return ['script', '-qfec', inner, '/dev/null'];
}

/** Sets the size of a running command's terminal. */
export function resizeCommand(id: string, size: TerminalSize): string[] {
  const script = 'exec stty -F "$(cat "$1")" rows "$2" cols "$3"';
  return ['sh', '-c', script, 'sh', nameFile(id), String(size.rows), String(size.columns)];
}

/** In the name space of workerd's own per-exec files, which `plain` keeps in the container's folder. */
function nameFile(id: string): string {
  return `/tmp/.workerd-exec-tty-${id.slice(0, 16)}`;
}

function quote(argument: string): string {
  return `'${argument.replaceAll("'", `'\\''`)}'`;
}
