/** A request as it is put to another model: the same body with its name, read, priced and bounded anew. */
import { err, type Result } from '../../../../control-plane/src/contract/result.ts';
import { requestInvalid, type AiRefusal } from './ai-error.ts';
import { parseAiRequest, type AiRequest } from './ai-request.ts';
import { parseObject } from './json.ts';
import type { Candidate } from './routing.ts';

export function askAnother(
  request: { readonly bodyText: string; readonly bodyBytes: number; readonly nowMs: number },
  { model, route }: Candidate,
): Result<AiRequest, AiRefusal> {
  const root = parseObject(request.bodyText);
  if (!root) return err(requestInvalid('The request body is not a JSON object.'));
  // Read as text again, so that a fallback goes through every check that a request of the client's goes through.
  const bodyText = JSON.stringify(route.named === null ? { ...root, model } : root);
  return parseAiRequest({ route, bodyText, bodyBytes: request.bodyBytes + model.length, nowMs: request.nowMs });
}
