/** A page that fails is told to have failed, and leaves the others alone. */

import { Component, type ComponentChildren } from 'preact';
import { ProblemNotice } from './notice.tsx';

interface State {
  readonly problem?: unknown;
}

export class Boundary extends Component<{ readonly children: ComponentChildren }, State> {
  override state: State = {};

  static override getDerivedStateFromError(problem: unknown): State {
    return { problem };
  }

  override render() {
    return this.state.problem === undefined ? (
      this.props.children
    ) : (
      <ProblemNotice problem={this.state.problem} />
    );
  }
}
