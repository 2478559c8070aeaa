// What goes back to a client that sent a path which is no text. No such znode can be created, but
// sync and setWatches tell any path back.

extension Path {
    /// The path with whatever is not UTF-8 replaced, in the way of Java: U+FFFD for each broken
    /// sequence, and one for a whole surrogate.
    public var repaired: Path {
        if bytes.allSatisfy({ $0 < 0x80 }) { return self }
        var rest = bytes[...]
        var marked: [UInt8] = []
        marked.reserveCapacity(bytes.count)
        while let byte = rest.first {
            let start = rest.startIndex
            let isSurrogate =
                byte == 0xed && rest.count >= 3 && (0xa0...0xbf).contains(rest[start + 1])
                && (0x80...0xbf).contains(rest[start + 2])
            marked += isSurrogate ? [0xef, 0xbf, 0xbd] : [byte]
            rest = rest.dropFirst(isSurrogate ? 3 : 1)
        }
        return Path(Array(String(decoding: marked, as: UTF8.self).utf8))
    }
}
