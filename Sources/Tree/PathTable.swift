// From the bytes of a path to its znode: open addressing over slots of 8 bytes, each a 32-bit tag
// (the hash) and a 32-bit index, at most half of them full. A look-up touches one slot and one
// record in the usual case, and allocates nothing.
//
// Growth is incremental: a table of twice the size is made (its pages arrive as they are touched),
// and each later insertion or removal moves `migrationStep` slots over, so no single write waits
// for more than that. Until the move is done look-ups try both. A table never shrinks.

import Jute

/// A keyed hash of bytes.
///
/// Clients choose the paths, so the key must be a secret of the process.
struct PathHash {
    private let first: UInt64
    private let second: UInt64

    /// A hash keyed by `seed`.
    init(seed: UInt64) {
        self.first = PathHash.scramble(seed &+ 0x9e37_79b9_7f4a_7c15)
        self.second = PathHash.scramble(seed &+ 0x3c6e_f372_fe94_f82a) | 1
    }

    private static func scramble(_ value: UInt64) -> UInt64 {
        var mixed = value
        mixed = (mixed ^ (mixed >> 30)) &* 0xbf58_476d_1ce4_e5b9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94d0_49bb_1331_11eb
        return mixed ^ (mixed >> 31)
    }

    @inline(__always)
    private static func fold(_ left: UInt64, _ right: UInt64) -> UInt64 {
        let product = left.multipliedFullWidth(by: right)
        return product.high ^ product.low
    }

    /// The hash of `bytes`: two keyed multiplications for each 16 bytes.
    @inline(__always)
    func callAsFunction(_ bytes: RawSpan) -> UInt32 {
        let count = bytes.byteCount
        var state = first ^ UInt64(truncatingIfNeeded: count)
        var offset = 0
        while count &- offset >= 8 {
            // In bounds: eight bytes are left.
            let word = unsafe bytes.unsafeLoadUnaligned(
                fromUncheckedByteOffset: offset, as: UInt64.self)
            state = PathHash.fold(state ^ word, second)
            offset &+= 8
        }
        var tail: UInt64 = 0
        while offset < count {
            // In bounds: the loop's condition.
            let byte = unsafe bytes.unsafeLoadUnaligned(
                fromUncheckedByteOffset: offset, as: UInt8.self)
            tail = tail << 8 | UInt64(byte)
            offset &+= 1
        }
        state = PathHash.fold(state ^ tail, second)
        state = PathHash.fold(state ^ first, second)
        return UInt32(truncatingIfNeeded: state ^ (state >> 32))
    }
}

/// The znodes of a slab by path.
///
/// Confined to the tree's owner, like the slab.
@safe
struct PathTable: ~Copyable {
    @safe
    private struct State {
        var slots: UnsafeMutablePointer<UInt64>
        var mask: Int
        var count = 0
        /// The smaller table while its slots move over; slots that moved hold `gone`.
        var old: UnsafeMutablePointer<UInt64>?
        var oldMask = 0
        var migrated = 0
    }

    private static let empty: UInt64 = 0
    private static let gone: UInt64 = .max
    private static let migrationStep = 16
    private static let capacityMin = 1024

    private let state: UnsafeMutablePointer<State>

    init() {
        unsafe state = .allocate(capacity: 1)
        unsafe state.initialize(
            to: State(
                slots: zeroedMemory(of: UInt64.self, count: PathTable.capacityMin),
                mask: PathTable.capacityMin - 1, old: nil))
    }

    deinit {
        releaseAll()
        unsafe state.deallocate()
    }

    private func releaseAll() {
        unsafe freeZeroedMemory(state.pointee.slots, count: state.pointee.mask + 1)
        guard let old = unsafe state.pointee.old else { return }
        unsafe freeZeroedMemory(old, count: state.pointee.oldMask + 1)
    }

    /// Forgets all paths.
    func removeAll() {
        releaseAll()
        unsafe state.pointee = State(
            slots: zeroedMemory(of: UInt64.self, count: PathTable.capacityMin),
            mask: PathTable.capacityMin - 1, old: nil)
    }

    /// The number of paths.
    var count: Int { unsafe state.pointee.count }

    /// A slot; the index is stored plus one, so that zeroed memory is empty slots.
    @inline(__always)
    private static func slot(_ tag: UInt32, _ index: ZnodeIndex) -> UInt64 {
        UInt64(tag) << 32 | UInt64(UInt32(bitPattern: index.rawValue &+ 1))
    }

    @inline(__always)
    private static func index(_ slot: UInt64) -> ZnodeIndex {
        ZnodeIndex(Int32(bitPattern: UInt32(truncatingIfNeeded: slot)) &- 1)
    }

    @inline(__always)
    private static func tag(_ slot: UInt64) -> UInt32 { UInt32(truncatingIfNeeded: slot >> 32) }

    /// The znode whose path is `path`, of which `tag` is the hash.
    func find(_ path: RawSpan, tag: UInt32, in slab: borrowing ZnodeSlab) -> ZnodeIndex? {
        let found = unsafe probe(state.pointee.slots, state.pointee.mask, path, tag, slab)
        if let found { return found }
        guard let old = unsafe state.pointee.old else { return nil }
        return unsafe probe(old, state.pointee.oldMask, path, tag, slab)
    }

    @unsafe @inline(__always)
    private func probe(
        _ slots: UnsafeMutablePointer<UInt64>, _ mask: Int, _ path: RawSpan, _ tag: UInt32,
        _ slab: borrowing ZnodeSlab
    ) -> ZnodeIndex? {
        var position = Int(tag) & mask
        while true {
            let slot = unsafe slots[position]
            if slot == PathTable.empty { return nil }
            if PathTable.tag(slot) == tag, slot != PathTable.gone {
                let index = PathTable.index(slot)
                if slab.hasPath(path, at: index) { return index }
            }
            position = (position &+ 1) & mask
        }
    }

    /// Adds a path that is not there.
    func insert(_ index: ZnodeIndex, tag: UInt32) {
        migrate(steps: PathTable.migrationStep)
        if unsafe (state.pointee.count + 1) * 2 > state.pointee.mask + 1 { grow() }
        unsafe state.pointee.count += 1
        place(PathTable.slot(tag, index))
    }

    private func place(_ slot: UInt64) {
        let slots = unsafe state.pointee.slots
        let mask = unsafe state.pointee.mask
        var position = Int(PathTable.tag(slot)) & mask
        while unsafe slots[position] != PathTable.empty { position = (position &+ 1) & mask }
        unsafe slots[position] = slot
    }

    /// Removes a path that is there.
    func remove(_ index: ZnodeIndex, tag: UInt32) {
        migrate(steps: PathTable.migrationStep)
        let slot = PathTable.slot(tag, index)
        if removeFromCurrent(slot) || removeFromOld(slot) { unsafe state.pointee.count -= 1 }
    }

    /// Later slots of the run move back into the gap, so no marks of the removed are left.
    private func removeFromCurrent(_ slot: UInt64) -> Bool {
        let slots = unsafe state.pointee.slots
        let mask = unsafe state.pointee.mask
        var gap = Int(PathTable.tag(slot)) & mask
        while unsafe slots[gap] != slot {
            if unsafe slots[gap] == PathTable.empty { return false }
            gap = (gap &+ 1) & mask
        }
        var next = (gap &+ 1) & mask
        while true {
            let moving = unsafe slots[next]
            if moving == PathTable.empty { break }
            let home = Int(PathTable.tag(moving)) & mask
            if (next &- home) & mask >= (next &- gap) & mask {
                unsafe slots[gap] = moving
                gap = next
            }
            next = (next &+ 1) & mask
        }
        unsafe slots[gap] = PathTable.empty
        return true
    }

    private func removeFromOld(_ slot: UInt64) -> Bool {
        guard let old = unsafe state.pointee.old else { return false }
        let mask = unsafe state.pointee.oldMask
        var position = Int(PathTable.tag(slot)) & mask
        while unsafe old[position] != slot {
            if unsafe old[position] == PathTable.empty { return false }
            position = (position &+ 1) & mask
        }
        unsafe old[position] = PathTable.gone
        return true
    }

    private func grow() {
        // Done long before: a table is half empty when it is made, and each insertion moves 16.
        migrate(steps: .max)
        let mask = unsafe state.pointee.mask
        unsafe state.pointee.old = state.pointee.slots
        unsafe state.pointee.oldMask = mask
        unsafe state.pointee.migrated = 0
        unsafe state.pointee.slots = zeroedMemory(of: UInt64.self, count: (mask + 1) * 2)
        unsafe state.pointee.mask = mask * 2 + 1
    }

    @inline(__always)
    private func migrate(steps: Int) {
        guard let old = unsafe state.pointee.old else { return }
        unsafe migrate(steps: steps, from: old)
    }

    @unsafe
    private func migrate(steps: Int, from old: UnsafeMutablePointer<UInt64>) {
        let end = unsafe state.pointee.oldMask + 1
        var position = unsafe state.pointee.migrated
        let stop = steps < end - position ? position + steps : end
        while position < stop {
            let slot = unsafe old[position]
            if slot != PathTable.empty {
                if slot != PathTable.gone { place(slot) }
                unsafe old[position] = PathTable.gone
            }
            position += 1
        }
        unsafe state.pointee.migrated = position
        guard position == end else { return }
        unsafe freeZeroedMemory(old, count: end)
        unsafe state.pointee.old = nil
    }
}
