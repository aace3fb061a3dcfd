namespace SharedState.Host.Collections;

/// <summary>A piece of work for the turns of a service. It is run once, or abandoned.</summary>
internal abstract class Work
{
    /// <summary>The only collection that the work touches, so that a failure is confined to it; null if the work may touch any.</summary>
    public virtual Collection? Touches => null;

    /// <summary>Whether a service that is being removed refuses the work.</summary>
    public virtual bool IsNew => false;

    /// <summary>Does the work, in a turn.</summary>
    public abstract void Run();

    /// <summary>The work failed halfway, or will not run: answers its requester. Any thread.</summary>
    public virtual void Abandon(Error error)
    {
    }
}

/// <summary>Work that needs no type of its own.</summary>
/// <param name="run">Does it.</param>
/// <param name="touches">The only collection that it touches, if there is one.</param>
/// <param name="abandon">Answers its requester if the work is not done.</param>
internal sealed class Step(Action run, Collection? touches = null, Action? abandon = null) : Work
{
    public override Collection? Touches => touches;

    public override void Run() => run();

    public override void Abandon(Error error) => abandon?.Invoke();
}
