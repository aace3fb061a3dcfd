// Tokens as a backend signs them.
import { createHmac } from "node:crypto";

const secret = "a secret of more than thirty-two bytes";

/** What a host's `access` needs to check them. */
export const tokens = [{ issuer: "backend", secret }];

/** A token that expires in an hour, unless the claims say otherwise. */
export function token(claims) {
  const part = value => Buffer.from(JSON.stringify(value)).toString("base64url");
  const text = `${part({ alg: "HS256", typ: "JWT" })}.${part({ iss: "backend", exp: Math.floor(Date.now() / 1000) + 3600, ...claims })}`;
  return `${text}.${createHmac("sha256", secret).update(text).digest("base64url")}`;
}
