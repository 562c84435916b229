import { Alert, Container } from "@mantine/core";
import { Component, type ReactNode } from "react";
import { useWords } from "../words";

function Sentence() {
  const { t } = useWords();
  return (
    <Container size="sm" py="xl">
      <Alert color="red" role="alert">
        {t("error.render")}
      </Alert>
    </Container>
  );
}

/** Stands in for a page that could not be drawn, so that nobody sits before an empty one. */
export class Stumble extends Component<{ children: ReactNode }, { stumbled: boolean }> {
  override state = { stumbled: false };

  static getDerivedStateFromError() {
    return { stumbled: true };
  }

  override render() {
    return this.state.stumbled ? <Sentence /> : this.props.children;
  }
}
