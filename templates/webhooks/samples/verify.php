<?php
// $body: the bytes as they came, file_get_contents('php://input'), never JSON written again.
// $headers: array_change_key_case(getallheaders()), that is: by name in lower case.
// One signature of several is enough: while a secret is replaced there are two.
function verify(string $secret, array $headers, string $body): bool
{
    $id = $headers['webhook-id'] ?? '';
    $timestamp = $headers['webhook-timestamp'] ?? '';
    if (!ctype_digit($timestamp) || abs(time() - (int) $timestamp) > 5 * 60) {
        return false; // too old: somebody may be sending a delivery that he recorded
    }
    $key = str_starts_with($secret, 'whsec_') ? base64_decode(substr($secret, 6)) : $secret;
    $expected = 'v1,' . base64_encode(hash_hmac('sha256', "$id.$timestamp.$body", $key, true));
    $matches = false;
    foreach (explode(' ', $headers['webhook-signature'] ?? '') as $given) {
        $matches = hash_equals($expected, $given) || $matches;
    }
    return $matches;
}

// The plain header X-Webhook-Signature, over the same bytes, with the text of the secret as it is:
//     hash_equals(hash_hmac('sha256', $body, $secret), $headers['x-webhook-signature'])

if (PHP_SAPI === 'cli' && count($argv) === 4) { // php verify.php SECRET HEADERS_FILE BODY_FILE
    $headers = [];
    foreach (preg_grep('/:/', file($argv[2], FILE_IGNORE_NEW_LINES)) as $line) {
        [$name, $value] = explode(':', $line, 2);
        $headers[strtolower(trim($name))] = trim($value);
    }
    exit(verify($argv[1], $headers, file_get_contents($argv[3])) ? 0 : 1);
}
