/** Devices and senders that wait for an answer, and devices that are in. */
import type { DeviceChange, DeviceList, PairedDevice } from '../../../control-plane/src/contract/device-api.ts';
import { Button } from '../ui/button.tsx';
import { When } from '../ui/when.tsx';

interface Answering {
  readonly busy: boolean;
  readonly reason: string | undefined;
  readonly onAnswer: (change: DeviceChange) => void;
}

const row = 'flex flex-wrap items-center justify-between gap-x-6 gap-y-2 border-b border-line py-3';

export function WaitingList({ list, busy, reason, onAnswer }: Answering & { list: DeviceList }) {
  const { requests, channelRequests } = list;
  return (
    <section aria-labelledby="waiting-title" className="flex flex-col gap-3">
      <div>
        <h2 id="waiting-title" className="text-xl font-semibold tracking-tight">
          Waiting for an answer
        </h2>
        <p className="text-sm text-soft">
          Let in only what you expected just now. Names are what a device or a person calls itself.
        </p>
      </div>
      {requests.length + channelRequests.length === 0 ? (
        <p className="border-y border-line py-6 text-soft">Nobody waits.</p>
      ) : null}
      <ul>
        {requests.map((request) => {
          const { requestId } = request;
          const name = request.name ?? request.platform ?? 'A device';
          return (
            <li key={requestId} className={row}>
              <div className="min-w-0 text-sm">
                <p className="font-medium break-all">
                  {name} <span className="font-mono text-xs text-soft">{request.deviceId.slice(0, 8)}</span>
                </p>
                <p className="break-words text-soft">
                  as {request.role}
                  {request.scopes.length === 0 ? '' : `, for ${request.scopes.join(', ')}`}
                  {request.ip === null ? '' : `, from ${request.ip}`}, asked <When at={request.askedAtMs} />
                </p>
              </div>
              <Answers
                name={name}
                busy={busy}
                reason={reason}
                onApprove={() => onAnswer({ kind: 'approve_device', requestId })}
                onDeny={() => onAnswer({ kind: 'deny_device', requestId })}
              />
            </li>
          );
        })}
        {channelRequests.map((request) => {
          const { requestId, channel, accountId } = request;
          const sender = { channel, accountId, requestId };
          return (
            <li key={`${channel} ${accountId} ${requestId}`} className={row}>
              <div className="min-w-0 text-sm">
                <p className="font-medium break-all">
                  {request.sender} on {request.channelName}
                </p>
                <p className="text-soft">
                  wrote <When at={request.askedAtMs} />, expires <When at={request.expiresAtMs} />
                </p>
              </div>
              <Answers
                name={request.sender}
                busy={busy}
                reason={reason}
                onApprove={() => onAnswer({ kind: 'approve_sender', ...sender })}
                onDeny={() => onAnswer({ kind: 'deny_sender', ...sender })}
              />
            </li>
          );
        })}
      </ul>
    </section>
  );
}

function Answers({
  name,
  busy,
  reason,
  onApprove,
  onDeny,
}: {
  name: string;
  busy: boolean;
  reason: string | undefined;
  onApprove: () => void;
  onDeny: () => void;
}) {
  return (
    <div className="flex flex-wrap gap-2">
      <Button busy={busy} disabledReason={reason} aria-label={`Let in ${name}`} onClick={onApprove}>
        Let in
      </Button>
      <Button busy={busy} disabledReason={reason} aria-label={`Turn away ${name}`} onClick={onDeny}>
        Turn away
      </Button>
    </div>
  );
}

export function PairedList({ devices, busy, reason, onAnswer }: Answering & { devices: readonly PairedDevice[] }) {
  return (
    <section aria-labelledby="paired-title" className="flex flex-col gap-3">
      <div>
        <h2 id="paired-title" className="text-xl font-semibold tracking-tight">
          Devices that are in
        </h2>
        <p className="text-sm text-soft">
          A browser of a member is let in by itself when they open the assistant. Revoking one closes its connections.
        </p>
      </div>
      {devices.length === 0 ? <p className="border-y border-line py-6 text-soft">None.</p> : null}
      <ul>
        {devices.map((device) => {
          const { deviceId, lastSeenAtMs } = device;
          const name = device.name ?? device.platform ?? 'A device';
          return (
            <li key={deviceId} className={row}>
              <div className="min-w-0 text-sm">
                <p className="font-medium break-all">
                  {name} <span className="font-mono text-xs text-soft">{deviceId.slice(0, 8)}</span>
                </p>
                <p className="break-words text-soft">
                  {device.connected ? 'Connected now' : lastSeenAtMs === null ? 'Not seen yet' : 'Last seen '}
                  {device.connected || lastSeenAtMs === null ? null : <When at={lastSeenAtMs} />}
                  {device.scopes.length === 0 ? '' : `, for ${device.scopes.join(', ')}`}
                </p>
              </div>
              <Button
                busy={busy}
                disabledReason={reason}
                aria-label={`Revoke ${name} ${deviceId.slice(0, 8)}`}
                onClick={() => onAnswer({ kind: 'revoke_device', deviceId })}
              >
                Revoke
              </Button>
            </li>
          );
        })}
      </ul>
    </section>
  );
}
