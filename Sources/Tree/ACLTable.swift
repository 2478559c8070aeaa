// Access control lists, each kept once: a znode refers to an entry, equal lists share one, and an
// entry nobody refers to is dropped. The index under which a snapshot stores an entry is never
// used again for another list, which is what lets a snapshot be written while the tree changes.

import Records

/// The ACLs of a tree, by slot (in memory) and by index (on disk).
struct ACLTable {
    private struct Entry {
        var index: Int64
        var list: [ACL]
        /// How many znodes refer to the entry; negative while the slot is free.
        var references: Int
    }

    /// The slot of everything-to-everybody without an entry: what built-in znodes have.
    static let open: Int32 = -1
    /// What a snapshot stores for `open`.
    static let openIndex: Int64 = -1

    private var entries: [Entry] = []
    private var freeSlots: [Int32] = []
    private var slotsByList: [[ACL]: Int32] = [:]
    private var slotsByIndex: [Int64: Int32] = [:]
    /// The slot interned last: most znodes of an application have one ACL.
    private var recent: Int32 = ACLTable.open
    /// The index that the next new list gets.
    private(set) var nextIndex: Int64 = 1

    /// The number of lists.
    var count: Int { slotsByIndex.count }

    /// The list in a slot.
    func list(_ slot: Int32) -> [ACL] {
        slot == ACLTable.open ? ACL.open : entries[Int(slot)].list
    }

    /// The index of a slot on disk.
    func index(_ slot: Int32) -> Int64 {
        slot == ACLTable.open ? ACLTable.openIndex : entries[Int(slot)].index
    }

    /// The slot that a snapshot's index means; nil if it was not defined.
    func slot(index: Int64) -> Int32? {
        index == ACLTable.openIndex ? ACLTable.open : slotsByIndex[index]
    }

    /// The slot of `list`, with one more reference to it.
    mutating func intern(_ list: [ACL]) -> Int32 {
        if recent != ACLTable.open, entries[Int(recent)].list == list {
            entries[Int(recent)].references += 1
            return recent
        }
        let slot = slotsByList[list] ?? add(list, index: nextIndex)
        entries[Int(slot)].references += 1
        recent = slot
        return slot
    }

    /// One more reference to a slot.
    mutating func retain(_ slot: Int32) {
        if slot != ACLTable.open { entries[Int(slot)].references += 1 }
    }

    /// One reference less; the last one drops the entry.
    mutating func release(_ slot: Int32) {
        guard slot != ACLTable.open else { return }
        entries[Int(slot)].references -= 1
        if entries[Int(slot)].references == 0 { remove(slot) }
    }

    /// Adds an entry read from a snapshot; false if the index is taken or no valid one.
    mutating func define(index: Int64, list: [ACL]) -> Bool {
        guard index >= 0, index < Int64.max / 2, slotsByIndex[index] == nil else { return false }
        _ = add(list, index: index)
        return true
    }

    /// Drops what was defined and never referred to, as fuzzy snapshots may have it.
    mutating func dropUnreferenced() {
        for slot in entries.indices where entries[slot].references == 0 { remove(Int32(slot)) }
    }

    /// All entries in the order of their indexes.
    var sorted: [(index: Int64, list: [ACL])] {
        slotsByIndex.sorted { $0.key < $1.key }.map { ($0.key, entries[Int($0.value)].list) }
    }

    private mutating func add(_ list: [ACL], index: Int64) -> Int32 {
        let entry = Entry(index: index, list: list, references: 0)
        let slot: Int32
        if let free = freeSlots.popLast() {
            slot = free
            entries[Int(slot)] = entry
        } else {
            slot = Int32(entries.count)
            entries.append(entry)
        }
        if slotsByList[list] == nil { slotsByList[list] = slot }
        slotsByIndex[index] = slot
        nextIndex = max(nextIndex, index + 1)
        return slot
    }

    private mutating func remove(_ slot: Int32) {
        let entry = entries[Int(slot)]
        if slotsByList[entry.list] == slot { slotsByList[entry.list] = nil }
        slotsByIndex[entry.index] = nil
        entries[Int(slot)] = Entry(index: -1, list: [], references: -1)
        freeSlots.append(slot)
        if recent == slot { recent = ACLTable.open }
    }
}
