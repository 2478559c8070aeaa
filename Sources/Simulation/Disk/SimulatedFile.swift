import Records

/// A file's bytes twice: as the running machine sees them, and as they would survive.
final class SimulatedFile {
    /// What has been done to the file and not been synced.
    enum Change {
        case write(offset: Int, bytes: [UInt8])
        case truncate(size: Int)
    }

    private static let sectorSize = 512

    /// What the machine reads.
    private(set) var content: [UInt8] = []
    private var synced: [UInt8] = []
    private var pending: [Change] = []
    /// Changes whose sync failed: the system forgot them, so no later sync makes them durable.
    private var forgotten: [Change] = []

    /// Whether all of it would survive.
    var isDurable: Bool { pending.isEmpty && forgotten.isEmpty }

    func apply(_ change: Change) {
        Self.apply(change, to: &content)
        pending.append(change)
    }

    func sync() {
        for change in pending { Self.apply(change, to: &synced) }
        pending.removeAll()
    }

    func failSync() {
        forgotten += pending
        pending.removeAll()
    }

    /// Changes the bytes on the disk itself, as decay does.
    func damage(at offset: Int, xor mask: UInt8) {
        guard synced.indices.contains(offset), content.indices.contains(offset) else { return }
        synced[offset] ^= mask
        content[offset] ^= mask
    }

    /// The power is gone: of what was not synced, anything or nothing may be there.
    func crash(_ random: inout SeededGenerator) {
        let changes = forgotten + pending
        forgotten.removeAll()
        pending.removeAll()
        switch random.below(4) {
        case 0: break
        case 1: for change in changes { Self.apply(change, to: &synced) }
        case 2: keepBeginning(of: changes, &random)
        default: keepSectors(of: changes, &random)
        }
        content = synced
    }

    /// Some changes whole, the one after them up to any byte.
    private func keepBeginning(of changes: [Change], _ random: inout SeededGenerator) {
        guard !changes.isEmpty else { return }
        let kept = random.below(changes.count)
        for change in changes[..<kept] { Self.apply(change, to: &synced) }
        switch changes[kept] {
        case .truncate: break
        case .write(let offset, let bytes):
            let part = Array(bytes.prefix(random.below(bytes.count + 1)))
            if random.chance(1, in: 2), offset + bytes.count > synced.count {
                // The file has its new size already, and zeros where bytes are missing.
                Self.apply(.truncate(size: offset + bytes.count), to: &synced)
            }
            Self.apply(.write(offset: offset, bytes: part), to: &synced)
        }
    }

    /// Any sectors of any change.
    private func keepSectors(of changes: [Change], _ random: inout SeededGenerator) {
        for change in changes {
            guard case .write(let offset, let bytes) = change else {
                if random.chance(1, in: 2) { Self.apply(change, to: &synced) }
                continue
            }
            if offset + bytes.count > synced.count, random.chance(3, in: 4) {
                Self.apply(.truncate(size: offset + bytes.count), to: &synced)
            }
            var position = offset
            let end = min(offset + bytes.count, synced.count)
            while position < end {
                let boundary = min((position / Self.sectorSize + 1) * Self.sectorSize, end)
                if random.chance(1, in: 2) {
                    synced.replaceSubrange(
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
                image += [UInt8](repeating: 0, count: size - image.count)
            }
        case .write(let offset, let bytes):
            if image.count < offset + bytes.count {
                apply(.truncate(size: offset + bytes.count), to: &image)
            }
            image.replaceSubrange(offset..<(offset + bytes.count), with: bytes)
        }
    }
}
