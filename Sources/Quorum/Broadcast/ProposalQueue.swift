import Records

/// Proposals in zxid order: appended at the end, removed from either end, found by zxid.
///
/// Removing the first is cheap: the array is compacted only when half of it is gone.
struct ProposalQueue {
    private var storage: [Proposal] = []
    private var head = 0
    /// The bytes of all proposals together.
    private(set) var byteCount = 0

    var count: Int { storage.count - head }
    var isEmpty: Bool { count == 0 }
    var first: Proposal? { isEmpty ? nil : storage[head] }
    var last: Proposal? { isEmpty ? nil : storage[storage.count - 1] }
    subscript(index: Int) -> Proposal { storage[head + index] }

    init() {}

    init(_ proposals: [Proposal]) {
        for proposal in proposals { append(proposal) }
    }

    mutating func append(_ proposal: Proposal) {
        storage.append(proposal)
        byteCount += proposal.bytes.count
    }

    mutating func popFirst() -> Proposal? {
        guard head < storage.count else { return nil }
        let first = storage[head]
        // The slot must not keep the bytes alive.
        storage[head].bytes = []
        head += 1
        byteCount -= first.bytes.count
        if head == storage.count {
            storage.removeAll(keepingCapacity: storage.capacity <= 4096)
            head = 0
        } else if head >= 256, head * 2 >= storage.count {
            storage.removeFirst(head)
            head = 0
        }
        return first
    }

    mutating func removeAll() {
        self = ProposalQueue()
    }

    /// The index of the first proposal at or after `zxid`; `count` if there is none.
    func index(atOrAfter zxid: Zxid) -> Int {
        var low = head
        var high = storage.count
        while low < high {
            let middle = (low + high) / 2
            if storage[middle].zxid < zxid { low = middle + 1 } else { high = middle }
        }
        return low - head
    }
}
