const crypto = require("node:crypto");

// body: a Buffer with the bytes as they came (Express: app.use(express.raw({ type: "application/json" })), then
// req.body), never JSON written again. headers: req.headers, by name in lower case.
// One signature of several is enough: while a secret is replaced there are two.
function verify(secret, headers, body) {
  const id = headers["webhook-id"] ?? "";
  const timestamp = headers["webhook-timestamp"] ?? "";
  if (!/^\d+$/.test(timestamp) || Math.abs(Date.now() / 1000 - Number(timestamp)) > 5 * 60) {
    return false; // too old: somebody may be sending a delivery that he recorded
  }
  const key = secret.startsWith("whsec_") ? Buffer.from(secret.slice(6), "base64") : Buffer.from(secret);
  const hmac = crypto.createHmac("sha256", key).update(`${id}.${timestamp}.`).update(body);
  const expected = "v1," + hmac.digest("base64");
  return (headers["webhook-signature"] ?? "").split(" ").filter((given) => same(expected, given)).length > 0;
}

function same(expected, given) {
  const [a, b] = [Buffer.from(expected), Buffer.from(given)];
  return a.length === b.length && crypto.timingSafeEqual(a, b);
}

// The plain header X-Webhook-Signature, over the same bytes, with the text of the secret as it is:
//   same(crypto.createHmac("sha256", secret).update(body).digest("hex"), headers["x-webhook-signature"] ?? "")

if (require.main === module) { // node verify.js SECRET HEADERS_FILE BODY_FILE
  const fs = require("node:fs");
  const lines = fs.readFileSync(process.argv[3], "utf8").split(/\r?\n/).filter((line) => line.includes(":"));
  const pairs = lines.map((line) => [line.split(":", 1)[0].trim().toLowerCase(), line.slice(line.indexOf(":") + 1).trim()]);
  process.exit(verify(process.argv[2], Object.fromEntries(pairs), fs.readFileSync(process.argv[4])) ? 0 : 1);
}
