public import Records

/// Decides whether a server may start from the directories it was given.
///
/// It sees facts, and touches nothing. What would end in lost writes is refused: a server that takes
/// another's history for its own confirms what it never had, and of two that share one identity
/// each forgets what the other has confirmed.
public struct IdentityCheck: Equatable, Sendable {
    /// What is known of one directory.
    public struct Place: Equatable, Sendable {
        /// Absolute.
        public var path: String
        /// What the file in it says; nil if there is none.
        public var identity: DataIdentity?
        /// Whether a snapshot or a log lies below it: without one there is nothing to mistake.
        public var hasHistory: Bool
        /// Whether the directory that the file names is another one, still there, and says the same.
        public var originalExists: Bool

        /// Makes one of these values.
        public init(
            path: String, identity: DataIdentity?, hasHistory: Bool, originalExists: Bool = false
        ) {
            self.path = path
            self.identity = identity
            self.hasHistory = hasHistory
            self.originalExists = originalExists
        }
    }

    /// Why a directory is not this server's to start from.
    public enum Refusal: Equatable, Sendable {
        /// Another ensemble's data.
        case ofEnsemble(String)
        /// Another server's data.
        case ofServer(ServerID)
        /// The server was removed, by this version of the configuration.
        case removed(version: Int64)
        /// The same data are in another directory as well.
        case copy(of: String)
    }

    /// What is to be done.
    public enum Verdict: Equatable, Sendable {
        /// Start, after these directories were given these identities.
        case start(writing: [Place])
        /// Do not.
        case refuse(StorageError)
    }

    /// The ensemble that zoo.cfg names; nil if it names none.
    public var ensemble: String?
    /// The server that `myid` names.
    public var server: ServerID
    /// The version of the members it starts from; 0 if they were never committed.
    public var version: Int64
    /// The data directory, and that of the log if it is another.
    public var places: [Place]

    /// Makes one of these values.
    public init(ensemble: String?, server: ServerID, version: Int64, places: [Place]) {
        self.ensemble = ensemble
        self.server = server
        self.version = version
        self.places = places
    }

    /// The decision.
    public var verdict: Verdict {
        for place in places {
            if let refusal = refusal(of: place) { return .refuse(error(refusal, place)) }
        }
        let changed = places.compactMap { place -> Place? in
            let identity = DataIdentity(
                ensemble: ensemble ?? place.known?.ensemble, server: server,
                directory: place.path)
            guard place.identity != identity else { return nil }
            var place = place
            place.identity = identity
            return place
        }
        return .start(writing: changed)
    }

    /// Why this server must not start from a directory; nil if it may.
    public func refusal(of place: Place) -> Refusal? {
        guard let identity = place.known else { return nil }
        if let ensemble, let other = identity.ensemble, other != ensemble {
            return .ofEnsemble(other)
        }
        if identity.server != server { return .ofServer(identity.server) }
        if let removed = identity.removed, version <= removed { return .removed(version: removed) }
        return place.originalExists ? .copy(of: identity.directory) : nil
    }

    private func error(_ refusal: Refusal, _ place: Place) -> StorageError {
        switch refusal {
        case .ofEnsemble(let other):
            return refused(
                place,
                "holds the data of the ensemble \(other), and zoo.cfg is of \(ensemble ?? "none")",
                "name the right dataDir, or an empty one for a new server; if nobody needs these "
                    + "data any more, remove them: rm -r \(place.path)")
        case .ofServer(let other):
            return refused(
                place,
                "holds the data of server \(other), and myid says \(server): directories "
                    + "were mixed up, or one is a copy",
                "give each server its own directory back; if this is a copy that is to begin a "
                    + "new server, remove \(DataIdentity.path(in: place.path))")
        case .removed(let version):
            let hex = String(UInt64(bitPattern: version), radix: 16)
            return refused(
                place,
                "holds the data of a server that was removed from its ensemble (by configuration "
                    + "\(hex))",
                "'aviary add' makes a new server; to let this one join again as an observer of "
                    + "its own configuration, remove \(DataIdentity.path(in: place.path))")
        case .copy(let original):
            return refused(
                place,
                "is a copy of \(original), which is still there: two servers with one "
                    + "identity would each forget what the other has confirmed",
                "start the server from \(original), or remove that directory; a copy "
                    + "that is to begin a new server must lose its version-2 or its "
                    + DataIdentity.fileName)
        }
    }

    private func refused(_ place: Place, _ message: String, _ advice: String) -> StorageError {
        StorageError(.refused, message, path: place.path, advice: advice)
    }
}

extension IdentityCheck.Place {
    /// Whose history this is, if there is any.
    fileprivate var known: DataIdentity? { hasHistory ? identity : nil }
}

extension DataIdentity {
    /// The identity after a configuration came into force; nil if nothing changes.
    ///
    /// `wasMember`: whether an earlier one had the server; one that joins is in none yet.
    public func after(version: Int64, isMember: Bool, wasMember: Bool) -> DataIdentity? {
        var next = self
        if isMember {
            next.removed = nil
        } else if wasMember, removed == nil {
            next.removed = version
        }
        return next == self ? nil : next
    }
}
