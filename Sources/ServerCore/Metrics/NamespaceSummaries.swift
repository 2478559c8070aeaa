// How many bytes are read and written below each first name of a path. There is a look-up with
// every request, so the table is found by a hash of those few bytes, without making a key of them.

import Jute

/// Summaries by the first name of a path.
struct NamespaceSummaries {
    /// Clients choose the names, so there must be an end; further ones are not told apart.
    static let countMax = 1000

    private struct Entry {
        let name: ByteString
        var summary = Summary(hasPercentiles: false, keepsSamples: false)
    }

    /// The place in `entries` by hash: names that collide in all 64 bits share their figures.
    private var places: [UInt64: Int] = [:]
    private var entries: [Entry] = []
    /// Neighbouring requests are mostly about the same name.
    private var last: (hash: UInt64, place: Int) = (0, -1)

    /// Measures a request for `path`; the root belongs to no name.
    mutating func record(_ path: RawSpan, _ value: Int) {
        let end = NamespaceSummaries.end(of: path)
        guard end > 1 else { return }
        let hash = NamespaceSummaries.hash(path, end)
        if last.place >= 0, last.hash == hash {
            return entries[last.place].summary.record(Int64(value))
        }
        guard let place = places[hash] ?? add(path, end, hash) else { return }
        last = (hash, place)
        entries[place].summary.record(Int64(value))
    }

    private mutating func add(_ path: RawSpan, _ end: Int, _ hash: UInt64) -> Int? {
        guard entries.count < NamespaceSummaries.countMax else { return nil }
        let name = Array(copying: path.extracting(1..<end))
        entries.append(Entry(name: ByteString(name)))
        places[hash] = entries.count - 1
        return entries.count - 1
    }

    /// Where the first name ends, which begins behind the first slash.
    private static func end(of path: RawSpan) -> Int {
        var end = 1
        while end < path.byteCount, path.unsafeLoadByte(end) != UInt8(ascii: "/") { end += 1 }
        return min(end, path.byteCount)
    }

    /// FNV-1a.
    private static func hash(_ path: RawSpan, _ end: Int) -> UInt64 {
        var hash: UInt64 = 0xcbf2_9ce4_8422_2325
        for offset in 1..<end {
            hash = (hash ^ UInt64(path.unsafeLoadByte(offset))) &* 0x100_0000_01b3
        }
        return hash
    }

    /// What is known now, names ascending.
    var readings: [(name: ByteString, reading: SummaryReading)] {
        entries.map { ($0.name, $0.summary.reading) }.sorted { $0.0 < $1.0 }
    }
}

extension RawSpan {
    /// The byte at an offset that was checked.
    @inline(__always)
    fileprivate func unsafeLoadByte(_ offset: Int) -> UInt8 {
        unsafe unsafeLoad(fromUncheckedByteOffset: offset, as: UInt8.self)
    }
}
