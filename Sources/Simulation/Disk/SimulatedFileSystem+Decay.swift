import Jute
import Records
import Storage

// Disks that lose or change what they were given, where a reader can notice: a wrong byte in the last
// record of the log cannot be told from a torn one, nor another digit in an epoch file from the
// right one.

extension SimulatedFileSystem {
    /// A stretch of a file in which damage can be noticed.
    struct Exposure {
        var path: String
        var content: CrashPoint.Content
        var range: Range<Int>
    }

    /// All such stretches.
    var exposures: [Exposure] {
        var exposures: [Exposure] = []
        for path in durablePaths {
            let content = CrashPoint.Content(of: path)
            guard let bytes = durableContent(of: path), !bytes.isEmpty else { continue }
            switch content {
            case .log:
                let end = SimulatedFileSystem.lastRecord(of: bytes)
                if end > 0 { exposures.append(Exposure(path: path, content: .log, range: 0..<end)) }
            case .snapshot, .acceptedEpoch, .currentEpoch:
                exposures.append(
                    Exposure(path: path, content: content, range: 0..<bytes.count))
            case .configuration, .backup, .members, .proposal, .other: break
            }
        }
        return exposures
    }

    /// Where the last whole record of a log begins; 0 if there is none.
    ///
    /// What is torn after it does not count: a reader takes both for what a crash has left.
    private static func lastRecord(of log: [UInt8]) -> Int {
        let (header, prefix, overhead) = (16, 12, 13)
        var (last, position) = (0, header)
        func number(_ bytes: Range<Int>) -> Int { log[bytes].reduce(0) { $0 << 8 | Int($1) } }
        while position + prefix <= log.count {
            let checksum = number(position..<position + 8)
            let length = number(position + 8..<position + prefix)
            guard length > 0, position + length + overhead <= log.count else { break }
            let end = position + prefix + length
            if log[end] == UInt8(ascii: "B"),
                Adler32.checksum(log.rawSpan.extracting(position + prefix..<end)) == checksum
            {
                last = position
            }
            position = end + 1
        }
        return last
    }

    /// Puts a write that was meant for `path` somewhere else, if one is to go astray; true if it
    /// did.
    ///
    /// Only those of snapshots and epochs do: records that are missing from a log are zeros there,
    /// which is what a crash leaves.
    func leadAstray(_ bytes: [UInt8], from path: String) -> Bool {
        guard var random = misdirection else { return false }
        let content = CrashPoint.Content(of: path)
        guard content == .snapshot || content.isEpoch else { return false }
        misdirection = nil
        misdirectionCount += 1
        let sector = 512
        let places = exposures.filter { !$0.content.isEpoch && $0.path != path }
        guard let place = random.pick(places) else { return true }
        let start = place.range.lowerBound + random.below(place.range.count) / sector * sector
        let piece = bytes.prefix(min(sector, place.range.upperBound - start))
        for (offset, byte) in piece.enumerated() {
            guard let old = durableContent(of: place.path)?[start + offset] else { continue }
            damage(place.path, at: Int64(start + offset), xor: old ^ byte)
        }
        return true
    }
}
