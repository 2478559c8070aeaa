/// Why the disk could not be used or believed.
///
/// The description is for the person who has to mend it: what happened, which file, where in
/// it, and what to do next.
public struct StorageError: Error, Equatable, Sendable {
    /// How the process of a server ends that cannot go on because of one.
    public static let exitCode: Int32 = 10

    /// What kind of failure; decides what a server does about it.
    public enum Code: Hashable, Sendable {
        /// There is no such file or directory.
        case notFound
        /// The disk is full.
        case noSpace
        /// The operating system does not let us.
        case permission
        /// Any other failure of a system call.
        case inputOutput
        /// What is on the disk is not what was written there.
        case damaged
        /// The files are sound, but starting from them would break a promise.
        case refused
        /// An earlier write or sync failed: nothing written since is certain.
        case poisoned
        /// The simulated machine has lost its power.
        case crashed
    }

    /// What kind of failure.
    public var code: Code
    /// What happened, as a clause without the file's name.
    public var message: String
    /// The file or directory.
    public var path: String
    /// Where in the file, where that is known.
    public var offset: Int64?
    /// What to do next.
    public var advice: String

    /// An error about the file at `path`.
    public init(
        _ code: Code, _ message: String, path: String, offset: Int64? = nil, advice: String? = nil
    ) {
        self.code = code
        self.message = message
        self.path = path
        self.offset = offset
        self.advice = advice ?? code.advice
    }
}

extension StorageError.Code {
    var advice: String {
        switch self {
        case .notFound: "check the path"
        case .noSpace: "free space on that disk and start the server again"
        case .permission: "give the server's user the right to read and write it"
        case .inputOutput: "check the disk (the kernel's log says more), then start again"
        case .damaged:
            "if other servers of the ensemble are well, move the version-2 directories away and "
                + "start again: the server fetches the database from them"
        case .refused: "see the message"
        case .poisoned: "start the server again: it keeps what is certain"
        case .crashed: "restart the simulated machine"
        }
    }
}

extension StorageError: CustomStringConvertible {
    /// What happened, where, and what to do next.
    public var description: String {
        let place = offset.map { "\(path) at offset \($0)" } ?? path
        return "\(place): \(message); \(advice)"
    }
}
