/// A place where the power of a disk can go: what is being done, to what kind of file, and in the
/// course of what.
public struct CrashPoint: Hashable, Sendable, CustomStringConvertible {
    /// What changes a disk.
    public enum Step: String, Sendable {
        case create, write, sync, truncate, rename, remove, makeDirectory, syncDirectory
    }

    /// What kind of file it is.
    public enum Content: String, Sendable {
        case log, snapshot, acceptedEpoch, currentEpoch
        /// zoo.cfg, and as it was before it was written anew.
        case configuration, backup
        /// The files beside it: who the members are, and who is to be.
        case members, proposal
        /// Directories, and what is none of these.
        case other

        /// Whether it is a promise about epochs.
        var isEpoch: Bool { self == .acceptedEpoch || self == .currentEpoch }

        /// Whether it says who the members are.
        var isOfMembers: Bool {
            switch self {
            case .configuration, .backup, .members, .proposal: true
            case .log, .snapshot, .acceptedEpoch, .currentEpoch, .other: false
            }
        }
    }

    /// What a server is doing with its files.
    public enum Activity: String, CaseIterable, Sendable {
        /// Beginning, before anything is read.
        case starting
        /// Reading its database, and mending what a crash has left.
        case recovering
        /// Writing the log.
        case logging
        /// Making its file longer, when nobody waits.
        case preallocating
        /// Writing a snapshot beside everything else.
        case snapshotting
        /// Taking over its leader's whole database.
        case saving
        /// Taking back what its leader does not have.
        case truncating
        /// Writing an epoch down.
        case promising
        /// Removing what no start needs.
        case purging
        /// Writing down who the members are.
        case reconfiguring
    }

    /// What is being done.
    public var step: Step
    /// To what.
    public var content: Content
    /// In the course of what; nil stands for anything.
    public var activity: Activity?

    /// Such a place.
    public init(_ step: Step, _ content: Content, _ activity: Activity? = nil) {
        self.step = step
        self.content = content
        self.activity = activity
    }

    /// Whether it is there that such a change takes place.
    func covers(_ change: CrashPoint) -> Bool {
        step == change.step && (activity == nil || activity == change.activity)
            && (content == change.content || change.content == .other)
    }

    /// For people.
    public var description: String {
        "\(step.rawValue) \(content.rawValue)" + (activity.map { ", \($0.rawValue)" } ?? "")
    }
}

extension CrashPoint.Content {
    private static let beginnings: [(name: String.UTF8View, content: CrashPoint.Content)] = [
        ("log.".utf8, .log), ("snapshot.".utf8, .snapshot),
        ("unfinished-snapshot.".utf8, .snapshot),
        ("acceptedEpoch".utf8, .acceptedEpoch), ("currentEpoch".utf8, .currentEpoch),
        ("zoo.cfg.bak".utf8, .backup), ("zoo.cfg.dynamic.next".utf8, .proposal),
        ("zoo.cfg.dynamic.".utf8, .members), ("zoo.cfg".utf8, .configuration),
    ]

    /// What a file's name says.
    init(of path: String) {
        // Asked with every change of a disk, so bytes are compared, not characters.
        let cut = path.utf8.lastIndex(of: UInt8(ascii: "/"))
        let name = path.utf8[(cut.map(path.utf8.index(after:)) ?? path.startIndex)...]
        self = Self.beginnings.first { name.starts(with: $0.name) }?.content ?? .other
    }
}
