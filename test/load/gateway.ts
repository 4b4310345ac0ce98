/**
 * AI Gateway and its credentials as the load run configures them, and the keys that its customers store. The harness sends
 * what goes to these addresses to the stand-in, so that the product chooses its upstream as in production.
 */
export const gatewayBaseUrl = 'https://gateway.ai.cloudflare.com/v1/load/load';
export const gatewayLogsUrl = 'https://api.cloudflare.com/client/v4/accounts/load/ai-gateway/gateways/load/logs';
export const gatewayToken = 'token-of-the-load-run';
export const gatewayLogsToken = 'logs-token-of-the-load-run';

export const ownKeyOf = (tenantId: string, provider: string): string => `own-key-of-${tenantId}-for-${provider}`;
