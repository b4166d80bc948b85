/**
 * Whether `text` is the id of a LiteFS cluster: `LFSC` and 16 characters, which are hex digits where LiteFS made it
 * (LiteFS `litefs.go`, `GenerateClusterID`, `ValidateClusterID`).
 */
export function isClusterId(text: string): boolean {
  return /^LFSC[0-9A-Za-z]{16}$/.test(text);
}
