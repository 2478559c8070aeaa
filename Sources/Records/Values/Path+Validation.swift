// Which paths a write accepts. The rules are Apache ZooKeeper's PathUtils, told over code points:
// it tests UTF-16 units, so every character beyond U+FFFF is refused as a surrogate.

extension Path {
    /// Whether the path may name a znode: absolute, no empty, `.` or `..` component, no control,
    /// private-use or surrogate character, no trailing `/` but in `/` itself.
    public var isValid: Bool {
        guard bytes.first == Path.slash else { return false }
        if bytes.count == 1 { return true }
        if bytes.last == Path.slash { return false }
        return hasValidComponents && hasValidCharacters
    }

    private var hasValidComponents: Bool {
        let dot = UInt8(ascii: ".")
        var length = 0
        var dots = 0
        for byte in bytes.dropFirst() + [Path.slash] {
            if byte == Path.slash {
                if length == 0 || (dots == length && length <= 2) { return false }
                length = 0
                dots = 0
            } else {
                length += 1
                if byte == dot { dots += 1 }
            }
        }
        return true
    }

    private var hasValidCharacters: Bool {
        if bytes.allSatisfy({ $0 >= 0x20 && $0 < 0x7f }) { return true }
        for scalar in String(decoding: bytes, as: UTF8.self).unicodeScalars {
            switch scalar.value {
            case 0...0x1f, 0x7f...0x9f, 0xd800...0xf8ff, 0xfff0...: return false
            default: continue
            }
        }
        return true
    }

    /// Whether a NUL is among the bytes.
    public var containsNUL: Bool { bytes.contains(0) }

    /// A path ending in `/` that only a sequential create may have.
    public var endsInSlash: Bool { bytes.last == Path.slash }
}
