"""
The hashes and the sketch, written for reading, not for speed.

Sources: MurmurHash3.cpp (Austin Appleby, public domain), "SipHash: a fast short-input PRF" (Aumasson, Bernstein),
"HLL storage specification" 1.0.0 (aggregateknowledge) as a server with postgresql-hll behaves.
"""

M32 = 0xFFFFFFFF
M64 = 0xFFFFFFFFFFFFFFFF


def rotl32(x, r):
    return ((x << r) | (x >> (32 - r))) & M32


def rotl64(x, r):
    return ((x << r) | (x >> (64 - r))) & M64


def murmur3_x86_32(data, seed=0):
    c1, c2 = 0xCC9E2D51, 0x1B873593
    h = seed
    whole = len(data) // 4 * 4

    def scramble(k):
        k = k * c1 & M32
        return rotl32(k, 15) * c2 & M32

    for i in range(0, whole, 4):
        h ^= scramble(int.from_bytes(data[i:i + 4], "little"))
        h = (rotl32(h, 13) * 5 + 0xE6546B64) & M32
    if whole < len(data):
        h ^= scramble(int.from_bytes(data[whole:], "little"))
    h ^= len(data)
    h ^= h >> 16
    h = h * 0x85EBCA6B & M32
    h ^= h >> 13
    h = h * 0xC2B2AE35 & M32
    return h ^ (h >> 16)


def fmix64(k):
    k ^= k >> 33
    k = k * 0xFF51AFD7ED558CCD & M64
    k ^= k >> 33
    k = k * 0xC4CEB9FE1A85EC53 & M64
    return k ^ (k >> 33)


def murmur3_x64_128(data, seed=0):
    """The two 64-bit words (h1, h2)."""
    c1, c2 = 0x87C37B91114253D5, 0x4CF5AD432745937F
    h1 = h2 = seed
    whole = len(data) // 16 * 16

    def scramble1(k):
        return rotl64(k * c1 & M64, 31) * c2 & M64

    def scramble2(k):
        return rotl64(k * c2 & M64, 33) * c1 & M64

    for i in range(0, whole, 16):
        h1 ^= scramble1(int.from_bytes(data[i:i + 8], "little"))
        h1 = ((rotl64(h1, 27) + h2) * 5 + 0x52DCE729) & M64
        h2 ^= scramble2(int.from_bytes(data[i + 8:i + 16], "little"))
        h2 = ((rotl64(h2, 31) + h1) * 5 + 0x38495AB5) & M64
    h2 ^= scramble2(int.from_bytes(data[whole + 8:], "little"))
    h1 ^= scramble1(int.from_bytes(data[whole:whole + 8], "little"))
    h1 ^= len(data)
    h2 ^= len(data)
    h1 = (h1 + h2) & M64
    h2 = (h2 + h1) & M64
    h1, h2 = fmix64(h1), fmix64(h2)
    h1 = (h1 + h2) & M64
    return h1, (h2 + h1) & M64


def siphash_2_4(key, data):
    """64 bits; as bytes they are this number in little-endian order."""
    k0 = int.from_bytes(key[:8], "little")
    k1 = int.from_bytes(key[8:], "little")
    v0, v1 = k0 ^ 0x736F6D6570736575, k1 ^ 0x646F72616E646F6D
    v2, v3 = k0 ^ 0x6C7967656E657261, k1 ^ 0x7465646279746573

    def rounds(n):
        nonlocal v0, v1, v2, v3
        for _ in range(n):
            v0 = (v0 + v1) & M64
            v1 = rotl64(v1, 13) ^ v0
            v0 = rotl64(v0, 32)
            v2 = (v2 + v3) & M64
            v3 = rotl64(v3, 16) ^ v2
            v0 = (v0 + v3) & M64
            v3 = rotl64(v3, 21) ^ v0
            v2 = (v2 + v1) & M64
            v1 = rotl64(v1, 17) ^ v2
            v2 = rotl64(v2, 32)

    # The last word is what is left of the message and, in its top byte, the length.
    padded = data + bytes(7 - len(data) % 8) + bytes([len(data) & 0xFF])
    for i in range(0, len(padded), 8):
        m = int.from_bytes(padded[i:i + 8], "little")
        v3 ^= m
        rounds(2)
        v0 ^= m
    v2 ^= 0xFF
    rounds(4)
    return v0 ^ v1 ^ v2 ^ v3


def eida_element(text):
    """What EIDA's aggregator adds for a user: the signed 32-bit hash, sign-extended."""
    h = murmur3_x86_32(text)
    return h if h < 1 << 31 else h | 0xFFFFFFFF00000000


def signed64(h):
    return h - (1 << 64) if h >= 1 << 63 else h


def hll_bytes(hashes, log2m=11, regwidth=5):
    """
    The server's bytes for a set of distinct 64-bit hashes. Neither the order of adding nor that of uniting can be
    seen in them, so a set is all the state that an oracle needs.
    """
    parameters = bytes([(regwidth - 1) << 5 | log2m, 0x7F])
    m = 1 << log2m
    explicit_max = -(-m * regwidth // 8) // 8
    if not hashes:
        return b"\x11" + parameters
    if len(hashes) <= explicit_max:
        return b"\x12" + parameters + b"".join(h.to_bytes(8, "big")
                                               for h in sorted(hashes, key=signed64))

    registers = [0] * m
    for h in hashes:
        rest = h >> log2m
        if rest:
            zeros = (rest & -rest).bit_length() - 1
            registers[h % m] = max(registers[h % m], min(zeros + 1, (1 << regwidth) - 1))
    used = [(i, value) for i, value in enumerate(registers) if value]
    if len(used) * (log2m + regwidth) < m * regwidth:
        return b"\x13" + parameters + pack([i << regwidth | v for i, v in used], log2m + regwidth)
    return b"\x14" + parameters + pack(registers, regwidth)


def pack(words, width):
    """Words of `width` bits, most significant bit first, the last byte filled with zero bits."""
    n_bits = len(words) * width
    whole = int("".join(format(w, "0%db" % width) for w in words) or "0", 2)
    return (whole << -n_bits % 8).to_bytes((n_bits + 7) // 8, "big")
