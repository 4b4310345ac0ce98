// Global set-up of the system and browser projects: the OpenClaw cache must exist before the first stack starts.

export default function setup(): void {}
