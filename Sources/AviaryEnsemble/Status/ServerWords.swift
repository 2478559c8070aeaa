// How servers say of themselves how they are: `srvr` and `mntr`, read in one place.

internal import Records

/// What a server answers to `srvr`, which is always allowed.
struct ServerSummary {
    private var values: [Substring: Substring] = [:]

    /// Nothing is known of a server that does not answer.
    init(_ answer: String?) {
        for line in (answer ?? "").split(separator: "\n") {
            guard let colon = line.firstIndex(of: ":") else { continue }
            values[line[..<colon]] = line[line.index(after: colon)...].drop { $0 == " " }
        }
    }

    /// What stands behind a name, such as `Connections`.
    subscript(_ name: Substring) -> String? { values[name].map(String.init) }

    /// leader, follower, observer, standalone or read-only; nil if it serves nobody.
    var mode: String? { self["Mode"] }
    /// The last transaction it has applied.
    var zxid: Zxid? {
        guard let text = values["Zxid"], text.hasPrefix("0x"),
            let number = UInt64(text.dropFirst(2), radix: 16)
        else { return nil }
        return Zxid(Int64(bitPattern: number))
    }
    /// The version of the program.
    var version: String? { self["Zookeeper version"] }
}

/// What a server answers to `mntr`, if it may.
struct ServerFigures {
    private var values: [Substring: Substring] = [:]

    /// Nothing is known where the word is not allowed.
    init(_ answer: String?) {
        for line in (answer ?? "").split(separator: "\n") {
            guard let tab = line.firstIndex(of: "\t") else { continue }
            values[line[..<tab]] = line[line.index(after: tab)...]
        }
    }

    /// What stands behind a name, such as `zk_peer_state`.
    subscript(_ name: Substring) -> String? { values[name].map(String.init) }

    /// A figure that counts something; Apache ZooKeeper may write 2.0.
    func count(_ name: Substring) -> Int? {
        values[name].flatMap { Int($0.prefix { $0 != "." }) }
    }

    /// How many learners a leader counts as in step; nil if it does not say.
    ///
    /// Without a vote are those that join or have left, while a change is under way.
    var syncedLearners: Int? {
        var sum: Int?
        for name in ["zk_synced_followers", "zk_synced_non_voting_followers"] as [Substring] {
            if let count = count(name) { sum = Int.sum(sum, count) }
        }
        return sum
    }
}

extension Zxid {
    /// How many transactions of the leader's epoch are missing.
    ///
    /// It was asked at another moment than the leader, and may have gone on.
    func lag(behind leader: Zxid) -> Int {
        guard epoch == leader.epoch else { return self > leader ? 0 : Int(leader.counter) }
        return max(0, Int(leader.counter) - Int(counter))
    }
}

extension Int {
    /// A sum of figures that servers say; beyond what can be counted it is the most there is.
    static func sum(_ sum: Int?, _ figure: Int) -> Int {
        let (total, isBeyond) = (sum ?? 0).addingReportingOverflow(Swift.max(0, figure))
        return isBeyond ? .max : total
    }
}
