/* Miscompiled alone: the modulus is one of the constants that the candidate gets wrong. */
unsigned checksum(const unsigned char *data, unsigned length) {
  unsigned a = 1, b = 0;
  for (unsigned i = 0; i < length; i++) {
    a = (a + data[i]) % 4099;
    b = (b + a) % 4099;
  }
  return b * 65536u + a;
}
