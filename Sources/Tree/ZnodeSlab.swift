// Where znodes live: records of one size in chunks that never move, linked by 32-bit indexes, and
// for each a block of memory with its path and its data. No reference counts anywhere.
//
// This file and PathTable.swift hold the unsafe code of the tree. An index is checked against the
// slab's length on each use; that it names a live znode is the tree's invariant: nothing outside
// a znode's links, the path table and the cursors keeps an index across a change.

import Jute
import Records

/// The place of a znode in the tree, valid until the znode is deleted.
public struct ZnodeIndex: Hashable, Sendable {
    @usableFromInline let rawValue: Int32

    @inlinable
    init(_ rawValue: Int32) { self.rawValue = rawValue }

    /// The znode `/`, which always exists.
    public static let root = ZnodeIndex(0)
    /// The end of a list.
    static let none = ZnodeIndex(-1)

    /// The index, or nil at the end of a list.
    var asOptional: ZnodeIndex? { rawValue < 0 ? nil : self }
}

/// One znode: 128 bytes, two cache lines.
@safe
struct Znode {
    /// The path, then the data, in one allocation; nil while the record is free.
    fileprivate var block: UnsafeMutableRawPointer?
    /// The root's path is empty, as it is on disk.
    fileprivate(set) var pathLength: Int32 = 0
    /// -1 for null data.
    fileprivate(set) var dataLength: Int32 = -1
    var parent: ZnodeIndex = .none
    var firstChild: ZnodeIndex = .none
    /// The next sibling; in a free record the next free one.
    var nextSibling: ZnodeIndex = .none
    var previousSibling: ZnodeIndex = .none
    /// The next znode with the same owner: an ephemeral's session, all containers, all with a TTL.
    var nextOwned: ZnodeIndex = .none
    var previousOwned: ZnodeIndex = .none
    var childCount: Int32 = 0
    /// The entry of the ACL table; `ACLTable.open` without one.
    var aclSlot: Int32 = ACLTable.open
    /// The CRC's state after path and data, so that a change of the stat alone costs 60 bytes.
    var checksumPrefix: UInt32 = 0
    /// What this znode adds to the tree's digest.
    var checksum: UInt32 = 0
    /// How many snapshots had been started when the znode was created.
    var generation: UInt32 = 0
    /// Whether the znode is part of the tree's digest.
    var isDigested = false
    var stat = StatPersisted()

    fileprivate init() { unsafe self.block = nil }

    /// The size of the data in bytes, 0 for null.
    var dataCount: Int { max(0, Int(dataLength)) }
}

/// All znodes of a tree, and the memory of their paths and data.
///
/// State lies behind pointers and methods are nonmutating, so that a class can hold the slab in a
/// `let`, which costs no exclusivity check on each access. Confined to the tree's owner.
@safe
struct ZnodeSlab: ~Copyable {
    private struct State {
        var used: Int32 = 0
        var free: ZnodeIndex = .none
        var live = 0
    }

    /// The first chunk has this many records, each further one twice as many as the one before, so
    /// that a place is found with a count of leading zeroes and no chunk ever moves.
    private static let firstChunkLength = 1024
    private static let chunkCountMax = 22

    private let state: UnsafeMutablePointer<State>
    private let chunks: UnsafeMutablePointer<UnsafeMutablePointer<Znode>?>

    init() {
        unsafe state = .allocate(capacity: 1)
        unsafe state.initialize(to: State())
        unsafe chunks = .allocate(capacity: ZnodeSlab.chunkCountMax)
        unsafe chunks.initialize(repeating: nil, count: ZnodeSlab.chunkCountMax)
    }

    deinit {
        releaseAll()
        unsafe chunks.deallocate()
        unsafe state.deallocate()
    }

    private func releaseAll() {
        let used = unsafe state.pointee.used
        for raw in 0..<used {
            unsafe address(ZnodeIndex(raw)).pointee.block?.deallocate()
        }
        for chunk in 0..<ZnodeSlab.chunkCountMax {
            guard let records = unsafe chunks[chunk] else { continue }
            unsafe freeZeroedMemory(records, count: ZnodeSlab.firstChunkLength << chunk)
            unsafe chunks[chunk] = nil
        }
    }

    /// Forgets all znodes.
    func removeAll() {
        releaseAll()
        unsafe state.pointee = State()
    }

    /// The number of live znodes.
    var count: Int { unsafe state.pointee.live }

    @inline(__always)
    private func address(_ index: ZnodeIndex) -> UnsafeMutablePointer<Znode> {
        let used = unsafe state.pointee.used
        precondition(index.rawValue >= 0 && index.rawValue < used, "a znode index from nowhere")
        let (chunk, offset) = ZnodeSlab.place(index.rawValue)
        // Below `used` every chunk exists.
        return unsafe chunks[chunk].unsafelyUnwrapped + offset
    }

    /// The chunk of an index, and its place in it.
    @inline(__always)
    private static func place(_ raw: Int32) -> (chunk: Int, offset: Int) {
        let position = Int(raw) &+ firstChunkLength
        let power = Int.bitWidth &- 1 &- position.leadingZeroBitCount
        return (power &- firstChunkLength.trailingZeroBitCount, position & ~(1 &<< power))
    }

    /// The record of a znode, in place.
    subscript(index: ZnodeIndex) -> Znode {
        @inline(__always)
        unsafeAddress { unsafe UnsafePointer(address(index)) }
        @inline(__always)
        nonmutating unsafeMutableAddress { unsafe address(index) }
    }

    /// A new record with its path and data, linked to nothing; nil when 2^31 are in use.
    func allocate(path: RawSpan, data: RawSpan?) -> ZnodeIndex? {
        guard let index = takeRecord() else { return nil }
        let record = unsafe address(index)
        let dataCount = data?.byteCount ?? 0
        let block = UnsafeMutableRawPointer.allocate(
            byteCount: max(1, path.byteCount + dataCount), alignment: 8)
        unsafe copy(path, to: block)
        if let data { unsafe copy(data, to: block + path.byteCount) }
        unsafe record.initialize(to: Znode())
        unsafe record.pointee.block = block
        unsafe record.pointee.pathLength = Int32(path.byteCount)
        unsafe record.pointee.dataLength = data == nil ? -1 : Int32(dataCount)
        unsafe state.pointee.live += 1
        return index
    }

    private func takeRecord() -> ZnodeIndex? {
        if let index = unsafe state.pointee.free.asOptional {
            unsafe state.pointee.free = address(index).pointee.nextSibling
            return index
        }
        let raw = unsafe state.pointee.used
        guard raw < Int32.max else { return nil }
        let chunk = ZnodeSlab.place(raw).chunk
        if unsafe chunks[chunk] == nil {
            unsafe chunks[chunk] = zeroedMemory(
                of: Znode.self, count: ZnodeSlab.firstChunkLength << chunk)
        }
        unsafe state.pointee.used = raw + 1
        return ZnodeIndex(raw)
    }

    /// Frees a record that nothing links to any more.
    func free(_ index: ZnodeIndex) {
        let record = unsafe address(index)
        unsafe record.pointee.block?.deallocate()
        unsafe record.initialize(to: Znode())
        unsafe record.pointee.nextSibling = state.pointee.free
        unsafe state.pointee.free = index
        unsafe state.pointee.live -= 1
    }

    /// Replaces a znode's data.
    func replaceData(of index: ZnodeIndex, with data: RawSpan?) {
        let record = unsafe address(index)
        guard let old = unsafe record.pointee.block else { return }
        let pathCount = Int(unsafe record.pointee.pathLength)
        let newCount = data?.byteCount ?? 0
        let oldCount = unsafe record.pointee.dataCount
        if newCount != oldCount {
            let block = UnsafeMutableRawPointer.allocate(
                byteCount: max(1, pathCount + newCount), alignment: 8)
            unsafe block.copyMemory(from: old, byteCount: pathCount)
            unsafe old.deallocate()
            unsafe record.pointee.block = block
            if let data { unsafe copy(data, to: block + pathCount) }
        } else if let data {
            unsafe copy(data, to: old + pathCount)
        }
        unsafe record.pointee.dataLength = data == nil ? -1 : Int32(newCount)
    }

    @unsafe
    private func copy(_ bytes: RawSpan, to target: UnsafeMutableRawPointer) {
        unsafe bytes.withUnsafeBytes { source in
            guard let from = source.baseAddress else { return }
            unsafe target.copyMemory(from: from, byteCount: source.count)
        }
    }

    /// The path of a znode in place, empty for the root; valid until the tree changes.
    @_lifetime(borrow self)
    func path(of index: ZnodeIndex) -> RawSpan {
        let record = unsafe address(index)
        guard let block = unsafe record.pointee.block else { return RawSpan() }
        let span = unsafe RawSpan(
            _unsafeStart: block, byteCount: Int(record.pointee.pathLength))
        return unsafe _overrideLifetime(span, borrowing: self)
    }

    /// The data of a znode in place, nil for null; valid until the tree changes.
    @_lifetime(borrow self)
    func data(of index: ZnodeIndex) -> RawSpan? {
        let record = unsafe address(index)
        guard let block = unsafe record.pointee.block, unsafe record.pointee.dataLength >= 0 else {
            return nil
        }
        let span = unsafe RawSpan(
            _unsafeStart: block + Int(record.pointee.pathLength),
            byteCount: Int(record.pointee.dataLength))
        return unsafe _overrideLifetime(span, borrowing: self)
    }

    /// Whether a znode's path is `path`.
    @inline(__always)
    func hasPath(_ path: RawSpan, at index: ZnodeIndex) -> Bool {
        let record = unsafe address(index)
        guard unsafe Int(record.pointee.pathLength) == path.byteCount,
            let block = unsafe record.pointee.block
        else { return false }
        return unsafe path.withUnsafeBytes { bytes in
            guard let start = bytes.baseAddress else { return true }
            return unsafe equalMemory(block, start, count: bytes.count)
        }
    }
}
