import Records

/// What was promised to all clients together: writes have one order, which is that of real time and
/// that of versions; names are given once; what belongs together is there together.
final class ClientPromises {
    typealias Fail = (String) -> Void

    /// The newest write that any client was told of.
    private(set) var lastWrite = Zxid.zero
    /// For each version of a znode the write that made it, and what it wrote.
    private var versions: [Path: [Int32: (zxid: Zxid, data: [UInt8])]] = [:]
    /// What was asked to be created in each session of each client, in that order.
    private var orders: [Session: [Wish]] = [:]
    /// What was asked for and refused.
    private var refusals: Set<Path> = []
    /// Changes that were refused since the version was another one, and by which transaction.
    private var unequal: [(path: Path, version: Int32, zxid: Zxid)] = []
    /// Znodes that are gone for good.
    private var gone: Set<Path> = []

    private struct Session: Hashable, Comparable {
        var client: Int
        var number: Int

        static func < (one: Session, other: Session) -> Bool {
            (one.client, one.number) < (other.client, other.number)
        }
    }

    private struct Wish {
        var path: Path
        /// The connection over which it was sent.
        var connection: Int
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
    func sent(_ path: Path, over connection: Int, in session: Int, of client: Int) {
        orders[Session(client: client, number: session), default: []].append(
            Wish(path: path, connection: connection))
    }

    /// And the server would not create it.
    func refused(_ path: Path) { refusals.insert(path) }

    /// Another write was refused by this transaction, since the znode's version was not that one, which
    /// it once was.
    func refused(_ path: Path, version: Int32, by zxid: Zxid) {
        unequal.append((path, version, zxid))
    }

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

    /// At any time: these names are there together.
    func checkMultis(_ names: Set<Path>, _ fail: Fail) {
        for (one, other) in together where names.contains(one) != names.contains(other) {
            fail("of \(one) and \(other), which belong together, one is there")
        }
        if let path = forbidden.intersection(names).min() {
            fail("\(path) is there, and its multi has failed")
        }
    }

    /// At the end: these znodes there are, of these writes, and all registers were seen.
    func checkEnd(_ found: [Path: Zxid], _ fail: Fail) {
        checkMultis(Set(found.keys), fail)
        if let path = gone.filter({ found[$0] != nil }).min() {
            fail("\(path) is there, and was deleted")
        }
        for (_, wishes) in orders.sorted(by: { $0.key < $1.key }) {
            checkOrder(wishes, found, fail)
        }
        for (path, version, zxid) in unequal {
            // Nobody may have seen the next version, but everybody sees the last one.
            let next = versions[path]?[version + 1]?.zxid
            let isLast = versions[path]?.keys.max() ?? version <= version
            guard isLast || next ?? .zero > zxid else { continue }
            fail("a write of \(path) was refused at \(zxid), when \(version) was its version")
        }
    }

    /// What was asked for in a session takes place in that order; where something of a connection is
    /// missing, nothing follows over that one.
    private func checkOrder(_ wishes: [Wish], _ found: [Path: Zxid], _ fail: Fail) {
        var last: (path: Path, zxid: Zxid)?
        var missing: Wish?
        for wish in wishes where !refusals.contains(wish.path) {
            guard let zxid = found[wish.path] else {
                missing = wish
                continue
            }
            if let missing, missing.connection == wish.connection {
                fail("\(wish.path) is there without \(missing.path), which was asked for before it")
            }
            if let last, zxid <= last.zxid {
                fail(
                    "\(wish.path) is of \(zxid), and \(last.path), which was asked for before it,"
                        + " of \(last.zxid)")
            }
            last = (wish.path, zxid)
        }
    }
}
