import Records

/// What was promised to all clients together: writes have one order, which is that of real time and
/// that of versions; names are given once; what belongs together is there together.
final class ClientPromises {
    typealias Fail = (String) -> Void

    /// The newest write that any client was told of.
    private(set) var lastWrite = Zxid.zero
    /// For each version of a znode the write that made it.
    private var versions: [Path: [Int32: Zxid]] = [:]
    /// Names with a number.
    private var numbered: Set<Path> = []
    /// Znodes that a multi creates together.
    private(set) var together: [(one: Path, other: Path)] = []
    /// Znodes that no multi that succeeded has created.
    private(set) var forbidden: Set<Path> = []

    /// A write that was sent when `before` was the newest is done.
    func wrote(_ zxid: Zxid, after before: Zxid, _ number: Int, _ fail: Fail) {
        if zxid <= before {
            fail("client \(number) wrote \(zxid) after \(before) was done")
        }
        lastWrite = max(lastWrite, zxid)
    }

    /// A version of a znode was seen.
    func saw(_ path: Path, version: Int32, of zxid: Zxid, _ number: Int, _ fail: Fail) {
        if let known = versions[path]?.updateValue(zxid, forKey: version), known != zxid {
            fail(
                "client \(number) sees version \(version) of \(path) by \(zxid), others by"
                    + " \(known)")
        }
        versions[path, default: [:]][version] = zxid
    }

    /// A name was given.
    func named(_ path: Path, _ number: Int, _ fail: Fail) {
        if !numbered.insert(path).inserted { fail("client \(number) gets \(path), which is taken") }
    }

    /// A multi of two was sent.
    func sent(_ one: Path, _ other: Path) { together.append((one, other)) }

    /// A multi that must fail was sent.
    func sent(forbidden path: Path) { forbidden.insert(path) }

    /// At the end: these are the names there are.
    func checkEnd(_ names: Set<Path>, _ fail: Fail) {
        for (one, other) in together where names.contains(one) != names.contains(other) {
            fail("of \(one) and \(other), which belong together, one is there")
        }
        if let path = forbidden.intersection(names).min() {
            fail("\(path) is there, and its multi has failed")
        }
    }
}
