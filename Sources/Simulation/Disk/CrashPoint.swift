/// A kind of place where the power of a disk can go: what is being done, to what kind of file.
public struct CrashPoint: Hashable, Sendable, CustomStringConvertible {
    /// What changes a disk.
    public enum Step: String, CaseIterable, Sendable {
        case create, write, sync, truncate, rename, remove, makeDirectory, syncDirectory
    }

    /// What kind of file it is.
    public enum Content: String, CaseIterable, Sendable {
        case log, snapshot, epoch, configuration, other
    }

    /// What is being done.
    public var step: Step
    /// To what.
    public var content: Content

    /// Such a place.
    public init(_ step: Step, _ content: Content) {
        self.step = step
        self.content = content
    }

    /// For people.
    public var description: String { "\(step.rawValue) \(content.rawValue)" }
}

extension CrashPoint.Content {
    private static let beginnings: [(name: String.UTF8View, content: CrashPoint.Content)] = [
        ("log.".utf8, .log), ("snapshot.".utf8, .snapshot),
        ("unfinished-snapshot.".utf8, .snapshot),
        ("acceptedEpoch".utf8, .epoch), ("currentEpoch".utf8, .epoch),
        ("zoo.cfg".utf8, .configuration),
    ]

    /// What a file's name says.
    init(of path: String) {
        // Asked with every change of a disk, so bytes are compared, not characters.
        let cut = path.utf8.lastIndex(of: UInt8(ascii: "/"))
        let name = path.utf8[(cut.map(path.utf8.index(after:)) ?? path.startIndex)...]
        self = Self.beginnings.first { name.starts(with: $0.name) }?.content ?? .other
    }
}
