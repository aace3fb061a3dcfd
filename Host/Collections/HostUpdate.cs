namespace SharedState.Host.Collections;

/// <summary>An update of the host itself.</summary>
/// <param name="lane">A lane for this update alone, so that no other waits for it.</param>
/// <param name="asked">The update, or its collection.</param>
/// <param name="bytes">The bytes that the update may add to its collection.</param>
/// <param name="decision">Makes the update from the state that it is applied to; null if it is known.</param>
/// <param name="done">Gets null when the update is stored, otherwise the reason why it is not. In a turn, or when the service ends.</param>
internal sealed class HostUpdate(Lane lane, ItemUpdate asked, long bytes, Decision? decision, Action<Error?> done)
    : PendingUpdate(lane, asked, bytes, decision is null ? null : new UpdateTerms { Decision = decision, Named = 0 })
{
    private bool _answered;

    public override void Refuse(Error error) => End(error);

    protected override void Answer(Position stored) => End(null);

    protected override void Refuse(Position position, IReadOnlyList<ItemConflict> conflicts) => End(Error.Conflict);

    private void End(Error? error)
    {
        if (_answered) return;
        _answered = true;
        done(error);
    }
}
