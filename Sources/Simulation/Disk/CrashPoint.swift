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

    init(_ step: Step, path: String) {
        let cut = path.utf8.lastIndex(of: UInt8(ascii: "/"))
        let name = path[(cut.map(path.utf8.index(after:)) ?? path.startIndex)...]
        let content: Content =
            if name.hasPrefix("log.") {
                .log
            } else if name.hasPrefix("snapshot.") || name.hasPrefix("unfinished-snapshot.") {
                .snapshot
            } else if name.hasPrefix("acceptedEpoch") || name.hasPrefix("currentEpoch") {
                .epoch
            } else if name.hasPrefix("zoo.cfg") {
                .configuration
            } else {
                .other
            }
        self.init(step, content)
    }

    /// For people.
    public var description: String { "\(step.rawValue) \(content.rawValue)" }
}
