/**
 * A key and a self-signed certificate for test servers on loopback, good for a hundred years. The key is public, and
 * nothing trusts it: made with `openssl req -x509 -newkey ec -nodes -days 36500` for the name rollproof.test.
 */
export const SELF_SIGNED = {
  key: `-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgZ0kuwgsgvTSsGMBk
/oWz5AfT7qv3ioeLStRJYuxd03GhRANCAAR/1ai0lxoH8KH3Z1DlNMFjHMZFOxu9
pAvBkyYtdMOi7LKgMafZAllsrlDN21tb40Gc602TEQYlOTlhRt7yNHzY
-----END PRIVATE KEY-----`,
  cert: `-----BEGIN CERTIFICATE-----
MIIBozCCAUqgAwIBAgIUWHifgmYfH1K5sYAH8peH14OSjCYwCgYIKoZIzj0EAwIw
GTEXMBUGA1UEAwwOcm9sbHByb29mLnRlc3QwIBcNMjYxMTIxMDYzMzM0WhgPMjEy
NjEwMjgwNjMzMzRaMBkxFzAVBgNVBAMMDnJvbGxwcm9vZi50ZXN0MFkwEwYHKoZI
zj0CAQYIKoZIzj0DAQcDQgAEf9WotJcaB/Ch92dQ5TTBYxzGRTsbvaQLwZMmLXTD
ouyyoDGn2QJZbK5QzdtbW+NBnOtNkxEGJTk5YUbe8jR82KNuMGwwHQYDVR0OBBYE
FO8SraRbQfR7tGMverzc7WsfxhvdMB8GA1UdIwQYMBaAFO8SraRbQfR7tGMverzc
7WsfxhvdMA8GA1UdEwEB/wQFMAMBAf8wGQYDVR0RBBIwEIIOcm9sbHByb29mLnRl
c3QwCgYIKoZIzj0EAwIDRwAwRAIgHdQbzp0JprYiJ71rCxVzO/sFU8UIeNXvfDAV
dH7QbmsCIHm6hFVLp1xqgSlO5P+gqWDIA2IOMVOih8bdHLcorreU
-----END CERTIFICATE-----`,
};
