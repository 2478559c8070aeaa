import Quorum
import Records

// Disks that do not keep what they were given. A server may notice and end itself; then an operator
// gives it an empty directory. What it may not do is to serve or to vote with what is wrong.

extension EnsembleSimulation {
    /// Whether the disk of this server may be damaged: only those of a minority ever are, and only
    /// when every server has taken part, as who has lost its data cannot be told from who never
    /// had any.
    private func mayDecay(_ host: Int) -> Bool {
        guard !isReconfiguring,
            servers.allSatisfy({ $0.disk?.currentEpoch ?? $0.knownEpoch > .zero })
        else { return false }
        let server = servers[host]
        if server.isDecaying { return true }
        let voters = membership.voters
        let decaying = servers.count { $0.isDecaying && voters.contains($0.id) }
        return !voters.contains(server.id) || (decaying + 1) * 2 < voters.count
    }

    /// Bits of a file change while nobody looks.
    func flipBits(_ host: Int, _ random: inout SeededGenerator) {
        guard mayDecay(host) else { return }
        let fileSystem = servers[host].fileSystem
        guard let place = random.pick(fileSystem.exposures) else { return }
        count("flipped bits")
        servers[host].isDecaying = true
        let mask: UInt8 = place.content.isEpoch ? 0x80 : 1 << UInt8(random.below(8))
        fileSystem.damage(
            place.path,
            at: Int64(random.number(place.range.lowerBound...place.range.upperBound - 1)),
            xor: mask)
    }

    /// One of the next writes goes to another place.
    func misdirectWrite(_ host: Int, _ random: inout SeededGenerator) {
        guard mayDecay(host) else { return }
        servers[host].isDecaying = true
        servers[host].fileSystem.misdirectWrite(random.fork())
    }

    /// A server with a damaged disk has ended itself: it gets an empty one.
    func replaceDisk(_ host: Int) {
        let server = servers[host]
        trace { "\(server.id) gets an empty disk" }
        count("disk replaced")
        server.lost = server.lastVouched
        server.fileSystem.erase()
        server.hasLostData = true
        storageChecker.replaced(server.id)
        crash(host)
        server.durable = .none
    }
}
