// Volumes, as far as workerd asks for them: it lists old snapshots' volumes when an object is built. They are names with
// labels; no container mounts one (`directorySnapshots` does not start a container in production either).

export interface Volume {
  readonly Name: string;
  readonly Labels: Readonly<Record<string, string>>;
  readonly Mountpoint: string;
  readonly CreatedAt: string;
}

const VOLUMES_MAX = 1_000;

export class VolumeStore {
  readonly #stateDir: string;
  readonly #volumes = new Map<string, Volume>();

  constructor(stateDir: string) {
    this.#stateDir = stateDir;
  }

  list(): readonly Volume[] {
    return [...this.#volumes.values()];
  }

  get(name: string): Volume | undefined {
    return this.#volumes.get(name);
  }

  create(name: string, labels: Readonly<Record<string, string>>): Volume {
    const known = this.#volumes.get(name);
    if (known !== undefined) return known;
    if (this.#volumes.size >= VOLUMES_MAX) throw new Error(`There are ${VOLUMES_MAX} volumes already.`);
    const volume = {
      Name: name,
      Labels: labels,
      Mountpoint: `${this.#stateDir}/volumes/${encodeURIComponent(name)}`,
      CreatedAt: new Date().toISOString(),
    };
    this.#volumes.set(name, volume);
    return volume;
  }

  remove(name: string): boolean {
    return this.#volumes.delete(name);
  }
}
