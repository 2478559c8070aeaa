import Records

// A follower with observers of its own. The leader's answers to syncs and revalidations carry no
// name, or only a session's: whoever asked first is answered first.

/// What a learner has asked its leader, and on whose behalf: nil is a client of its own.
struct LearnerQuestions {
    private var syncs: [LinkID?] = []
    private var revalidations: [(session: SessionID, link: LinkID?)] = []

    mutating func askedSync(for link: LinkID?) { syncs.append(link) }

    mutating func askedAbout(_ session: SessionID, for link: LinkID?) {
        revalidations.append((session, link))
    }

    /// Who asked for the sync that is answered.
    mutating func answeredSync() -> LinkID? { syncs.isEmpty ? nil : syncs.removeFirst() }

    /// Who asked about the session that is answered for.
    mutating func answered(_ session: SessionID) -> LinkID? {
        guard let index = revalidations.firstIndex(where: { $0.session == session }) else {
            return nil
        }
        return revalidations.remove(at: index).link
    }

    /// Whether a client of our own came with the session again, and waits for an answer of its own.
    ///
    /// To go on by the answer for a former connection would be to ask for something before the leader
    /// has put the session here: it may put it elsewhere first, and carry out late what was asked.
    func isAskedAgain(_ session: SessionID) -> Bool {
        revalidations.contains { $0.session == session && $0.link == nil }
    }
}

/// Where the sessions are that have come over observers.
///
/// For the leader all that we carry to it is of one owner. It cannot tell what an observer asks late,
/// for a session that has moved on to us or to another observer of ours, from what the session
/// asks now, and would carry it out behind that.
struct SessionPlaces {
    /// The observer, nil for a client of our own; a session that was with no observer has no place.
    private var places: [SessionID: LinkID?] = [:]

    mutating func moved(_ session: SessionID, to observer: LinkID?) {
        guard observer != nil || places[session] != nil else { return }
        places.updateValue(observer, forKey: session)
    }

    mutating func ended(_ session: SessionID) { places.removeValue(forKey: session) }

    /// Whether what comes from there is what the session asks now.
    func admits(_ request: ForwardedRequest, from observer: LinkID?) -> Bool {
        guard request.type != .sync, let place = places[request.session] else { return true }
        return place == observer
    }
}

extension Learner {
    /// Serves observers from here on, where the settings want it.
    mutating func serveObservers(_ epoch: Epoch, _ context: inout PeerContext) {
        guard !isObserver, context.settings.observerMasterPort != nil else { return }
        observers = ObserverMaster(epoch, &context)
    }

    /// Somebody has dialed our port for observers.
    mutating func accepted(_ link: LinkID, _ context: inout PeerContext) {
        if observers == nil {
            context.effects.add(.quorumClose(link))
        } else {
            observers?.accepted(link, &context)
        }
    }

    /// What observers have said: their wishes go to the leader.
    mutating func receivedFromObserver(
        _ link: LinkID, _ bytes: RawSpan, _ context: inout PeerContext
    ) {
        observers?.receivedPackets(link, bytes, &context)
        for (link, wish) in observers?.takeWishes() ?? [] {
            switch wish {
            case .request(let request): forward(request, for: link, &context)
            case .revalidation(let session, let timeout):
                revalidate(session, timeout: timeout, for: link, &context)
            case .touches(let touches):
                for touch in touches { self.touch(touch.session, timeout: touch.timeout) }
            }
        }
    }
}
