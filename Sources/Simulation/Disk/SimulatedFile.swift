import Records

/// A file's bytes as the running machine sees them, and, where that is something else, as they would
/// survive.
///
/// Logs are long and are written at their ends, so nothing is kept twice: what would survive is the
/// content with the changes since the last sync undone.
final class SimulatedFile {
    /// What is done to a file.
    enum Change {
        case write(offset: Int, bytes: [UInt8])
        case truncate(size: Int)
    }

    /// A change that has not been synced, and what it took the place of.
    private struct Pending {
        var change: Change
        var formerSize: Int
        /// The bytes from `formerStart` that are not there any more.
        var former: [UInt8]
        var formerStart: Int
    }

    private static let sectorSize = 512

    /// What the machine reads.
    private(set) var content: [UInt8] = []
    private var pending: [Pending] = []
    /// What would survive whatever happens, where that is not the content with `pending` undone.
    private var synced: [UInt8]?
    /// Changes whose sync failed: the system forgot them, so no later sync makes them durable.
    private var forgotten: [Change] = []

    /// What would survive, whatever happens.
    var durableContent: [UInt8] {
        if let synced { return synced }
        var survivor = content
        for change in pending.reversed() {
            Self.apply(.truncate(size: change.formerSize), to: &survivor)
            Self.apply(.write(offset: change.formerStart, bytes: change.former), to: &survivor)
        }
        return survivor
    }
    /// Whether all of it would survive.
    var isDurable: Bool { pending.isEmpty && forgotten.isEmpty }
    /// How many bytes are kept for it.
    var keptSize: Int {
        let changes = forgotten + pending.map(\.change)
        return changes.reduce(content.count + (synced?.count ?? 0)) {
            if case .write(_, let bytes) = $1 { $0 + bytes.count } else { $0 }
        } + pending.reduce(0) { $0 + $1.former.count }
    }

    func apply(_ change: Change) {
        let (start, end) =
            switch change {
            case .write(let offset, let bytes): (offset, offset + bytes.count)
            case .truncate(let size): (size, max(size, content.count))
            }
        let lost = (start..<end).clamped(to: content.indices)
        pending.append(
            Pending(
                change: change, formerSize: content.count, former: Array(content[lost]),
                formerStart: lost.lowerBound))
        Self.apply(change, to: &content)
    }

    func sync() {
        if forgotten.isEmpty {
            synced = nil
        } else if var survivor = synced.take() {
            for change in pending { Self.apply(change.change, to: &survivor) }
            synced = survivor
        }
        pending.removeAll()
    }

    func failSync() {
        guard !pending.isEmpty else { return }
        synced = durableContent
        forgotten += pending.map(\.change)
        pending.removeAll()
    }

    /// Changes the bytes on the disk itself, as decay does.
    func damage(at offset: Int, xor mask: UInt8) {
        var durable = durableContent
        guard durable.indices.contains(offset), content.indices.contains(offset) else { return }
        durable[offset] ^= mask
        content[offset] ^= mask
        // What was overwritten since may not be undone any more.
        if !isDurable { synced = durable }
    }

    /// The power is gone: of what was not synced, anything or nothing may be there.
    func crash(_ random: inout SeededGenerator) {
        let changes = forgotten + pending.map(\.change)
        var survivor = durableContent
        forgotten.removeAll()
        pending.removeAll()
        synced = nil
        switch random.below(4) {
        case 0: break
        case 1: for change in changes { Self.apply(change, to: &survivor) }
        case 2: Self.keepBeginning(of: changes, in: &survivor, &random)
        default: Self.keepSectors(of: changes, in: &survivor, &random)
        }
        content = survivor
    }

    /// Some changes whole, the one after them up to any byte.
    private static func keepBeginning(
        of changes: [Change], in survivor: inout [UInt8], _ random: inout SeededGenerator
    ) {
        guard !changes.isEmpty else { return }
        let kept = random.below(changes.count)
        for change in changes[..<kept] { apply(change, to: &survivor) }
        switch changes[kept] {
        case .truncate: break
        case .write(let offset, let bytes):
            let part = Array(bytes.prefix(random.below(bytes.count + 1)))
            if random.chance(1, in: 2), offset + bytes.count > survivor.count {
                // The file has its new size already, and zeros where bytes are missing.
                apply(.truncate(size: offset + bytes.count), to: &survivor)
            }
            apply(.write(offset: offset, bytes: part), to: &survivor)
        }
    }

    /// Any sectors of any change.
    private static func keepSectors(
        of changes: [Change], in survivor: inout [UInt8], _ random: inout SeededGenerator
    ) {
        for change in changes {
            guard case .write(let offset, let bytes) = change else {
                if random.chance(1, in: 2) { apply(change, to: &survivor) }
                continue
            }
            if offset + bytes.count > survivor.count, random.chance(3, in: 4) {
                apply(.truncate(size: offset + bytes.count), to: &survivor)
            }
            var position = offset
            let end = min(offset + bytes.count, survivor.count)
            while position < end {
                let boundary = min((position / sectorSize + 1) * sectorSize, end)
                if random.chance(1, in: 2) {
                    survivor.replaceSubrange(
                        position..<boundary, with: bytes[(position - offset)..<(boundary - offset)])
                }
                position = boundary
            }
        }
    }

    private static func apply(_ change: Change, to image: inout [UInt8]) {
        switch change {
        case .truncate(let size):
            if size < image.count {
                image.removeLast(image.count - size)
            } else {
                image += repeatElement(0, count: size - image.count)
            }
        case .write(let offset, let bytes):
            if image.isEmpty, offset == 0 {
                image = bytes
                return
            }
            if image.count < offset { apply(.truncate(size: offset), to: &image) }
            let overlap = min(image.count - offset, bytes.count)
            if overlap > 0 {
                image.replaceSubrange(offset..<(offset + overlap), with: bytes[..<overlap])
            }
            image += bytes[overlap...]
        }
    }
}
