// A container as `GET /containers/<name>/json` and `GET /containers/json` show it, in the Docker API's words.
import type { Container } from '../container.ts';

/** The sidecar's ingress port inside; workerd asks which port of this machine it is published on. */
const INGRESS_PORT = '39001/tcp';

export function toInspect(container: Container): unknown {
  const { id, name, config, state, exitCode, sidecar, sandbox } = container;
  return {
    Id: id,
    Name: `/${name}`,
    Created: new Date(container.createdAtMs).toISOString(),
    Image: config.image,
    State: { Status: state, Running: state === 'running', ExitCode: exitCode, Pid: sandbox?.pid ?? 0 },
    Config: { Image: config.image, Labels: config.labels, Env: config.env },
    HostConfig: { NetworkMode: config.networkMode },
    NetworkSettings: {
      // workerd reads HostPort as the second field.
      Ports: sidecar === undefined ? {} : { [INGRESS_PORT]: [{ HostIp: '127.0.0.1', HostPort: String(sidecar.port) }] },
    },
  };
}

export function toListEntry({ id, name, config, state }: Container): unknown {
  return {
    Id: id,
    Names: [`/${name}`],
    Image: config.image,
    Labels: config.labels,
    State: state,
    HostConfig: { NetworkMode: config.networkMode },
  };
}
