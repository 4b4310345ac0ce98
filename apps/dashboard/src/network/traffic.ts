/** The rows of one day with their sum. Pure. */
import type { EgressTraffic } from '../../../control-plane/src/contract/egress.ts';

export type TrafficTotal = Omit<EgressTraffic, 'day' | 'host'>;

export function trafficOfDay(
  traffic: readonly EgressTraffic[],
  day: string,
): { rows: readonly EgressTraffic[]; total: TrafficTotal } {
  const rows = traffic.filter((row) => row.day === day);
  const total = { allowed: 0, denied: 0, bytesOut: 0, bytesIn: 0 };
  for (const row of rows) {
    total.allowed += row.allowed;
    total.denied += row.denied;
    total.bytesOut += row.bytesOut;
    total.bytesIn += row.bytesIn;
  }
  return { rows, total };
}
