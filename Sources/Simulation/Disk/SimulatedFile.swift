import Records

/// A file's bytes as the running machine sees them, and, where that is something else, as they would
/// survive.
///
/// Most files of a run are durable and never written again, so nothing is kept of them twice.
final class SimulatedFile {
    /// What has been done to the file and not been synced.
    enum Change {
        case write(offset: Int, bytes: [UInt8])
        case truncate(size: Int)
    }

    private static let sectorSize = 512

    /// What the machine reads.
    private(set) var content: [UInt8] = []
    /// What would survive whatever happens; nil while that is all of it.
    private var synced: [UInt8]?
    private var pending: [Change] = []
    /// Changes whose sync failed: the system forgot them, so no later sync makes them durable.
    private var forgotten: [Change] = []

    /// What would survive, whatever happens.
    var durableContent: [UInt8] { synced ?? content }
    /// Whether all of it would survive.
    var isDurable: Bool { pending.isEmpty && forgotten.isEmpty }
    /// How many bytes are kept for it.
    var keptSize: Int {
        (forgotten + pending).reduce(content.count + (synced?.count ?? 0)) { size, change in
            if case .write(_, let bytes) = change { size + bytes.count } else { size }
        }
    }

    func apply(_ change: Change) {
        if synced == nil { synced = content }
        Self.apply(change, to: &content)
        pending.append(change)
    }

    func sync() {
        if forgotten.isEmpty {
            synced = nil
        } else if var survivor = synced.take() {
            for change in pending { Self.apply(change, to: &survivor) }
            synced = survivor
        }
        pending.removeAll()
    }

    func failSync() {
        forgotten += pending
        pending.removeAll()
    }

    /// Changes the bytes on the disk itself, as decay does.
    func damage(at offset: Int, xor mask: UInt8) {
        guard (synced ?? content).indices.contains(offset), content.indices.contains(offset) else {
            return
        }
        synced?[offset] ^= mask
        content[offset] ^= mask
    }

    /// The power is gone: of what was not synced, anything or nothing may be there.
    func crash(_ random: inout SeededGenerator) {
        let changes = forgotten + pending
        forgotten.removeAll()
        pending.removeAll()
        var survivor = synced.take() ?? content
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
