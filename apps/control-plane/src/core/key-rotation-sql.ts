/**
 * What an operator says to the database about key rotations: begin one, and how far it is. One runs at a time; a second
 * one over the same key moves nothing when the first was whole, which is the proof.
 */
export type RotationKind = 'kek' | 'data_key';

/** Inserts nothing while one is running. */
export function beginRotationSql(kind: RotationKind): string {
  return `INSERT INTO key_rotation (id, kind, created_at_ms, changed_at_ms)
    SELECT 'rot_' || lower(hex(randomblob(13))), '${kind}', unixepoch() * 1000, unixepoch() * 1000
    WHERE NOT EXISTS (SELECT 1 FROM key_rotation WHERE state = 'running')`;
}

/** The newest ones: how many assistants were asked, how many of them are left, and why. */
export const rotationStatusSql = `SELECT r.id, r.kind, r.kid, r.state, r.listed, r.asked,
    (SELECT count(*) FROM key_rotation_left l WHERE l.rotation_id = r.id) AS left_over,
    (SELECT group_concat(why || ' ' || n, ', ') FROM
       (SELECT why, count(*) AS n FROM key_rotation_left l WHERE l.rotation_id = r.id GROUP BY why)) AS why,
    datetime(r.created_at_ms / 1000, 'unixepoch') AS begun, datetime(r.changed_at_ms / 1000, 'unixepoch') AS changed
  FROM key_rotation r ORDER BY r.created_at_ms DESC LIMIT 5`;
