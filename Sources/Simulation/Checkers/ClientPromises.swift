import Records

/// What was promised to all clients together: writes have one order, which is that of real time and
/// that of versions; names are given once; what belongs together is there together.
final class ClientPromises {
    typealias Fail = (String) -> Void

    /// The newest write that any client was told of.
    private(set) var lastWrite = Zxid.zero
    /// For each version of a znode the write that made it, and what it wrote.
    private var versions: [Path: [Int32: (zxid: Zxid, data: [UInt8])]] = [:]
    /// What was asked to be created over each connection of each client, in that order.
    private var orders: [Connection: [Path]] = [:]
    /// What was asked for and refused.
    private var refusals: Set<Path> = []
    /// Znodes that are gone for good.
    private var gone: Set<Path> = []

    private struct Connection: Hashable, Comparable {
        var client: Int
        var number: Int

        static func < (one: Connection, other: Connection) -> Bool {
            (one.client, one.number) < (other.client, other.number)
        }
    }
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

    /// A version of a znode was seen, or written.
    func saw(
        _ path: Path, version: Int32, of zxid: Zxid, with data: [UInt8], _ number: Int,
        _ fail: Fail
    ) {
        guard let known = versions[path]?[version] else {
            versions[path, default: [:]][version] = (zxid, data)
            return
        }
        if known.zxid != zxid {
            fail(
                "client \(number) sees version \(version) of \(path) by \(zxid), others by"
                    + " \(known.zxid)")
        }
        if known.data != data {
            fail("client \(number) finds other bytes in version \(version) of \(path)")
        }
    }

    /// A znode with a name of its own is asked for.
    func sent(_ path: Path, over connection: Int, of client: Int) {
        orders[Connection(client: client, number: connection), default: []].append(path)
    }

    /// And the server would not create it.
    func refused(_ path: Path) { refusals.insert(path) }

    /// A znode was deleted, and nobody creates it again.
    func deleted(_ path: Path) { gone.insert(path) }

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
        if let path = gone.intersection(names).min() {
            fail("\(path) is there, and was deleted")
        }
        checkOrders(names, fail)
    }

    /// What was asked for over one connection takes place in that order: where something is missing,
    /// nothing follows.
    private func checkOrders(_ names: Set<Path>, _ fail: Fail) {
        for (_, paths) in orders.sorted(by: { $0.key < $1.key }) {
            let wanted = paths.filter { !refusals.contains($0) }
            guard let end = wanted.firstIndex(where: { !names.contains($0) }),
                let later = wanted[end...].first(where: names.contains)
            else { continue }
            fail("\(later) is there without \(wanted[end]), which was asked for before it")
        }
    }
}
