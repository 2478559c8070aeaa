import Records

#if canImport(Darwin)
    import Darwin
#elseif canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#endif

// A znode's stat as zkCli prints it, a field a line.

/// The stat block.
func statText(_ stat: Stat) -> String {
    """
    cZxid = \(stat.czxid)
    ctime = \(dateText(stat.ctime))
    mZxid = \(stat.mzxid)
    mtime = \(dateText(stat.mtime))
    pZxid = \(stat.pzxid)
    cversion = \(stat.cversion)
    dataVersion = \(stat.version)
    aclVersion = \(stat.aversion)
    ephemeralOwner = \(SessionID(stat.ephemeralOwner))
    dataLength = \(stat.dataLength)
    numChildren = \(stat.numChildren)
    """
}

/// `Sat Nov 21 04:03:28 UTC 2026`, in the zone of this machine.
func dateText(_ milliseconds: Int64) -> String {
    var seconds = time_t(milliseconds / 1000)
    if milliseconds % 1000 < 0 { seconds -= 1 }
    var fields = unsafe tm()
    var text = [CChar](repeating: 0, count: 64)
    // Both calls write to what we own, within the sizes given; neither keeps a pointer.
    let isFilled = unsafe localtime_r(&seconds, &fields) != nil
    guard isFilled else { return "\(milliseconds) ms" }
    let length = unsafe strftime(&text, text.count, "%a %b %d %H:%M:%S %Z %Y", &fields)
    guard length > 0 else { return "\(milliseconds) ms" }
    return String(
        decoding: text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
}
