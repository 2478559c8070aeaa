import Records

/// What stands in a log file behind its last record, and what that means.
///
/// Three things end the records of a file: zeros (space prepared for more), the trace of a crash
/// (the last batch reached the disk in part, and nobody was told it had), and damage (records that
/// were acknowledged cannot be read any more). The first two are harmless and the third must stop
/// the start, or the server would answer from a history with a hole.
///
/// A crash and damage are told apart by what follows. Behind a cut there is nothing, or, as a disk
/// writes sectors in any order, records of the same batch behind a sector that still holds the
/// zeros it was prepared with. Sound records behind anything else were whole once, so what
/// is before them was too: damage.
struct LogTail {
    /// Disks promise to write this much at once; systems write more.
    private static let sectorSize: Int64 = 512
    /// How far behind the last record a sound one is looked for.
    private static let scanSizeMax: Int64 = 128 << 20

    /// Whether anything but zeros stands behind the records.
    let hasRemains: Bool
    /// Where the first sound record behind the bad place starts.
    let laterRecord: Int64?
    /// Whether a sector between the two was never written.
    let hasLostSector: Bool

    /// Examines `reader`'s file behind the records, which stopped at `offset` for `stop`, behind
    /// the transaction `last`.
    init(
        _ reader: inout LogFileReader, stop: LogFileReader.Stop, at offset: Int64, last: Zxid
    ) throws(StorageError) {
        guard try reader.firstNonZero(from: offset) != nil else {
            hasRemains = false
            laterRecord = nil
            hasLostSector = false
            return
        }
        hasRemains = true
        laterRecord = try Self.findRecord(&reader, behind: offset, stop, last)
        if let laterRecord {
            // A sound record may start with up to four zeros of the lost sector.
            hasLostSector = try Self.findLostSector(&reader, offset, laterRecord + 4)
        } else {
            hasLostSector = false
        }
    }

    /// Whether this is how a crash can leave the last file, and not damage.
    func isHarmlessAtTheEnd(_ stop: LogFileReader.Stop) -> Bool {
        if case .badLength = stop { return false }  // Sectors that miss leave zeros, not this.
        return laterRecord == nil || hasLostSector
    }

    /// Where the first sound record behind a bad one starts.
    ///
    /// Clients choose their data, so a bad record may itself hold the bytes of a record. What it
    /// claims to hold is passed over if its end byte bears the claim out; where the length may be
    /// what is wrong, a record inside must at least be newer than all before.
    private static func findRecord(
        _ reader: inout LogFileReader, behind offset: Int64, _ stop: LogFileReader.Stop,
        _ last: Zxid
    ) throws(StorageError) -> Int64? {
        var position = offset + 1
        if stop == .badChecksum {
            position = try reader.claimedEnd(at: offset) ?? position
        }
        let end = min(reader.size, position + scanSizeMax)
        while let next = try reader.firstNonZero(from: position), next < end {
            // A record starts with four zeros, and then has seven bytes that may be zero too.
            position = max(position, next - 11)
            while position <= next {
                if case .record(let record) = try reader.record(at: position), record.zxid > last {
                    return position
                }
                position += 1
            }
        }
        return nil
    }

    private static func findLostSector(
        _ reader: inout LogFileReader, _ start: Int64, _ end: Int64
    ) throws(StorageError) -> Bool {
        var position = start
        while position < end {
            let boundary = (position / sectorSize + 1) * sectorSize
            if boundary > end { return false }
            let isZero = try (reader.firstNonZero(from: position) ?? Int64.max) >= boundary
            // Fewer zeros than this are in every record.
            if isZero, boundary - position > 4 { return true }
            position = boundary
        }
        return false
    }
}

extension LogFileReader {
    mutating func firstNonZero(from offset: Int64) throws(StorageError) -> Int64? {
        try window.firstNonZero(from: offset)
    }

    /// Where the bad record at `offset` ends if its length is right.
    mutating func claimedEnd(at offset: Int64) throws(StorageError) -> Int64? {
        guard let start = try window.load(at: offset, count: LogFormat.prefixSize) else {
            return nil
        }
        let length = Int64(window.int32(at: start + 8))
        guard length > 0 else { return nil }
        let end = offset + length + Int64(LogFormat.overhead)
        return end <= size ? end : nil
    }
}
