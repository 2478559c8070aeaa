import Jute

/// Reads the body of a snapshot from chunks of any size, as they come from a disk or a socket.
///
/// The body is the same in both: sessions, ACL table, znodes in pre-order, and the path `/` as the
/// end mark. What follows it (the seals of a file, the signature of a stream) is left to the
/// caller: `feed` says how much it took.
///
/// Whole items are parsed in place; only one cut by the end of a chunk is copied, and then
/// no more of it than its next field needs. So memory is bounded by the largest item, and the work
/// by the number of bytes, however finely a hostile peer cuts them.
///
/// A snapshot holds what was acknowledged, by servers with other settings too, so nothing in it is
/// too large that fits: a length or count is refused only if it reaches beyond the end. No memory is
/// taken for what has not come.
public struct SnapshotParser: Sendable {
    /// What a session, an ACL, and an entry of one take at least.
    private static let elementSizeMin: Int64 = 12

    private enum State {
        case sessionCount
        case sessions(left: Int32)
        case listCount
        case listStart(left: Int32)
        case listEntries(left: Int32, index: Int64, entriesLeft: Int32)
        case znodes
        case ended
    }

    /// How many bytes there are at most, what follows the body included.
    private let sizeMax: Int64
    private var state = State.sessionCount
    /// The entries of the ACL being read.
    private var entries: [ACL] = []
    /// The start of an item whose end has not come yet.
    private var pending: [UInt8] = []
    /// How many bytes of the current item must be there before it is worth another look.
    private var needed = 0
    /// How many bytes of the body all complete items took.
    public private(set) var offset: Int64 = 0

    /// A parser at the start of a body.
    ///
    /// `sizeMax`: how many bytes can come, where that is known.
    public init(sizeMax: Int64 = .max) { self.sizeMax = sizeMax }

    /// Whether the end mark has been read.
    public var isComplete: Bool {
        if case .ended = state { return true }
        return false
    }

    /// Takes in the next bytes and returns how many of them belong to the body.
    ///
    /// That is all of them, until the body is complete. After an error the parser is of no use.
    public mutating func feed(
        _ bytes: RawSpan, into sink: inout some SnapshotSink
    ) throws(SnapshotError) -> Int {
        var position = 0
        while !isComplete, position < bytes.byteCount {
            if pending.isEmpty {
                let rest = bytes.extracting(position..<bytes.byteCount)
                let taken = try parseItem(rest, into: &sink)
                if taken == 0 {
                    pending = Array(copying: rest)
                    return bytes.byteCount
                }
                position += taken
            } else {
                let missing = min(needed - pending.count, bytes.byteCount - position)
                pending.append(
                    contentsOf: Array(copying: bytes.extracting(position..<(position + missing))))
                position += missing
                if pending.count < needed { break }
                try parsePending(into: &sink)
            }
        }
        return position
    }

    private mutating func parsePending(into sink: inout some SnapshotSink) throws(SnapshotError) {
        // Moved out and back, so that it is not borrowed while the rest of the parser changes.
        var item: [UInt8] = []
        swap(&item, &pending)
        if try parseItem(item.rawSpan, into: &sink) == 0 {
            swap(&item, &pending)
        } else {
            item.removeAll(keepingCapacity: item.capacity <= 1 << 16)
            swap(&item, &pending)
        }
    }

    /// Whether `count` bytes of the item are there; if not, remembers to wait for them.
    private mutating func has(_ count: Int, _ bytes: RawSpan) -> Bool {
        if bytes.byteCount >= count { return true }
        needed = count
        return false
    }

    /// The item's size if it is complete, and 0 if more of it must come first.
    private mutating func parseItem(
        _ bytes: RawSpan, into sink: inout some SnapshotSink
    ) throws(SnapshotError) -> Int {
        let taken: Int
        switch state {
        case .sessionCount:
            guard has(4, bytes) else { return 0 }
            moveToSessions(left: try count(bytes, at: 0))
            taken = 4
        case .sessions(let left):
            guard has(12, bytes) else { return 0 }
            try sink.receivedSession(SessionID(bytes.int64(at: 0)), timeout: bytes.int32(at: 8))
            moveToSessions(left: left - 1)
            taken = 12
        case .listCount:
            guard has(4, bytes) else { return 0 }
            moveToLists(left: try count(bytes, at: 0))
            taken = 4
        case .listStart(let left):
            guard has(12, bytes) else { return 0 }
            try moveToEntries(
                left: left, index: bytes.int64(at: 0), entriesLeft: try count(bytes, at: 8),
                into: &sink)
            taken = 12
        case .listEntries(let left, let index, let entriesLeft):
            taken = try parseEntry(bytes)
            if taken > 0 {
                try moveToEntries(
                    left: left, index: index, entriesLeft: entriesLeft - 1, into: &sink)
            }
        case .znodes: taken = try parseZnode(bytes, into: &sink)
        case .ended: taken = 0
        }
        offset += Int64(taken)
        return taken
    }

    private mutating func moveToSessions(left: Int32) {
        state = left > 0 ? .sessions(left: left) : .listCount
    }

    private mutating func moveToLists(left: Int32) {
        state = left > 0 ? .listStart(left: left) : .znodes
    }

    private mutating func moveToEntries(
        left: Int32, index: Int64, entriesLeft: Int32, into sink: inout some SnapshotSink
    ) throws(SnapshotError) {
        if entriesLeft > 0 {
            state = .listEntries(left: left, index: index, entriesLeft: entriesLeft)
            return
        }
        try sink.receivedACL(entries, index: index)
        entries.removeAll()
        moveToLists(left: left - 1)
    }

    private mutating func parseEntry(_ bytes: RawSpan) throws(SnapshotError) -> Int {
        guard has(8, bytes) else { return 0 }
        let scheme = try length(bytes, at: 4)
        guard has(12 + scheme, bytes) else { return 0 }
        let id = try length(bytes, at: 8 + scheme)
        guard has(12 + scheme + id, bytes) else { return 0 }
        let identity = Identity(
            scheme: ByteString(Array(copying: bytes.extracting(8..<(8 + scheme)))),
            id: ByteString(
                Array(copying: bytes.extracting((12 + scheme)..<(12 + scheme + id)))))
        entries.append(
            ACL(permissions: Permissions(rawValue: bytes.int32(at: 0)), identity: identity))
        return 12 + scheme + id
    }

    private mutating func parseZnode(
        _ bytes: RawSpan, into sink: inout some SnapshotSink
    ) throws(SnapshotError) -> Int {
        guard has(4, bytes) else { return 0 }
        let pathEnd = 4 + (try length(bytes, at: 0))
        guard has(pathEnd, bytes) else { return 0 }
        let path = bytes.extracting(4..<pathEnd)
        if pathEnd == 5, bytes.byte(at: 4) == UInt8(ascii: "/") {
            try sink.receivedEnd()
            state = .ended
            return 5
        }
        guard has(pathEnd + 4, bytes) else { return 0 }
        let isNull = bytes.int32(at: pathEnd) == -1
        let dataEnd = pathEnd + 4 + (isNull ? 0 : try length(bytes, at: pathEnd))
        let end = dataEnd + 8 + StatPersisted.size
        guard has(end, bytes) else { return 0 }
        let stat: StatPersisted
        do throws(JuteError) {
            var reader = JuteReader(bytes.extracting((dataEnd + 8)..<end))
            stat = try StatPersisted(from: &reader)
        } catch {
            throw .malformed(offset: offset + Int64(dataEnd))
        }
        try sink.receivedZnode(
            path: path, data: isNull ? nil : bytes.extracting((pathEnd + 4)..<dataEnd),
            aclIndex: bytes.int64(at: dataEnd), stat: stat)
        return end
    }

    private func count(_ bytes: RawSpan, at position: Int) throws(SnapshotError) -> Int32 {
        let value = bytes.int32(at: position)
        guard value >= 0, Int64(value) <= bytesLeft(behind: position) / Self.elementSizeMin else {
            throw .unreasonableLength(Int(value), offset: offset + Int64(position))
        }
        return value
    }

    /// How many bytes can follow the number at `position` of the item.
    private func bytesLeft(behind position: Int) -> Int64 {
        sizeMax - offset - Int64(position) - 4
    }

    private func length(_ bytes: RawSpan, at position: Int) throws(SnapshotError) -> Int {
        let value = Int(bytes.int32(at: position))
        guard value >= 0, value <= bytesLeft(behind: position) else {
            throw .unreasonableLength(value, offset: offset + Int64(position))
        }
        return value
    }
}

// The parser asks `has` before it loads, so the bounds checks in here never fire.
extension RawSpan {
    fileprivate func byte(at position: Int) -> UInt8 {
        unsafe unsafeLoadUnaligned(fromByteOffset: position, as: UInt8.self)
    }

    fileprivate func int32(at position: Int) -> Int32 {
        Int32(bigEndian: unsafe unsafeLoadUnaligned(fromByteOffset: position, as: Int32.self))
    }

    fileprivate func int64(at position: Int) -> Int64 {
        Int64(bigEndian: unsafe unsafeLoadUnaligned(fromByteOffset: position, as: Int64.self))
    }
}
